/** The steps that were computed with a number of workers. */
export interface SpeedPoint {
  readonly workers: number;
  readonly steps: number;
  readonly examples: number;
  readonly milliseconds: number;
}

/** The speed of a number of workers. */
export interface MeasuredSpeed {
  readonly workers: number;
  readonly steps: number;
  readonly examplesPerSecond: number;
  /** Whether it comes from few steps. It may be by chance then, and no law is fitted to it. */
  readonly isDoubtful: boolean;
}

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
