import type { MeasuredSpeed, SpeedPoint } from './run-view.ts';

/** A speed from fewer steps is doubtful. */
export const SURE_STEPS_MIN = 50;

/** The speeds by number of workers, and the index of the one that others are compared with. */
export function measureSpeeds(points: readonly SpeedPoint[]): {
  readonly measured: readonly MeasuredSpeed[];
  readonly base: number;
} {
  const measured = points
    .filter(({ milliseconds }) => milliseconds > 0)
    .map(({ workers, steps, examples, milliseconds }) => ({
      workers,
      steps,
      examplesPerSecond: (examples / milliseconds) * 1000,
      isDoubtful: steps < SURE_STEPS_MIN,
    }));
  return {
    measured,
    base: Math.max(
      0,
      measured.findIndex(({ isDoubtful }) => !isDoubtful),
    ),
  };
}
