import type { ScalingLaw } from './scaling-law.ts';

/** The steps that were computed with a number of workers. */
export interface SpeedPoint {
  readonly workers: number;
  readonly steps: number;
  readonly examples: number;
  readonly milliseconds: number;
}

/** What the speeds of a run say. */
export interface SpeedSummary {
  /** By number of workers, ascending. */
  readonly measured: readonly MeasuredSpeed[];
  /** The place of the speed in `measured` that the others are compared with. */
  readonly base: number;
  /** Null with fewer than three numbers of workers. */
  readonly law: ScalingLaw | null;
  /** Sentences for people. */
  readonly notes: readonly string[];
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
