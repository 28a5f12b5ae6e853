import type { SpeedPoint } from './measured-speeds.ts';

/** The speed of a run by its number of workers, as it happens to have them. */
export interface SpeedTable {
  /**
   * Adds a step: the number of ready workers, the examples, and the time of the whole step. A step
   * without workers is not counted.
   */
  add(workers: number, examples: number, milliseconds: number): void;
  /** By number of workers, ascending. */
  points(): SpeedPoint[];
}

/** The first `unsteady` steps with another number of workers do not count: workers settle in. */
export function createSpeedTable(unsteady: number): SpeedTable {
  const byWorkers = new Map<number, SpeedPoint>();
  let now = -1;
  let inARow = 0;
  return {
    add(workers, examples, milliseconds) {
      inARow = workers === now ? inARow + 1 : 0;
      now = workers;
      if (inARow < unsteady || workers < 1) return;
      const point = byWorkers.get(workers);
      byWorkers.set(workers, {
        workers,
        steps: (point?.steps ?? 0) + 1,
        examples: (point?.examples ?? 0) + examples,
        milliseconds: (point?.milliseconds ?? 0) + milliseconds,
      });
    },
    points: () => [...byWorkers.values()].sort((a, b) => a.workers - b.workers),
  };
}
