import type { Clock } from '../shared/clock.ts';
import type { ProgressEvent } from './events.ts';
import type { StepRecord } from './ledger.ts';

const REPORT_INTERVAL_MS = 1_000;

/** Watches the steps go by: how fast, how far, how long still. */
export interface ProgressMeter {
  /** Takes note of a step; returns an event when it is time for one. */
  record(metrics: StepRecord): ProgressEvent | undefined;
  /** The last event, or undefined before the first. */
  readonly latest: ProgressEvent | undefined;
  /** Training examples/s since the start, over the time spent in steps; 0 before the first. */
  readonly examplesPerSecond: number;
}

export function createProgressMeter(clock: Clock, stepCount: number): ProgressMeter {
  const total = { examples: 0, milliseconds: 0 };
  let recent = { examples: 0, milliseconds: 0, lossSum: 0, steps: 0 };
  let latest: ProgressEvent | undefined;
  let reportedAt = clock.now();

  return {
    record({ step, epoch, loss, examples, milliseconds, worldSize }) {
      for (const sums of [total, recent]) {
        sums.examples += examples;
        sums.milliseconds += milliseconds;
      }
      recent.lossSum += loss * examples;
      recent.steps++;
      if (clock.now() - reportedAt < REPORT_INTERVAL_MS && latest) return undefined;
      reportedAt = clock.now();
      latest = {
        event: 'progress',
        step: step + 1,
        stepCount,
        epoch,
        trainLoss: recent.lossSum / recent.examples,
        examplesPerSecond: (recent.examples / recent.milliseconds) * 1000,
        secondsLeft: ((stepCount - step - 1) * (recent.milliseconds / recent.steps)) / 1000,
        worldSize,
      };
      recent = { examples: 0, milliseconds: 0, lossSum: 0, steps: 0 };
      return latest;
    },
    get latest() {
      return latest;
    },
    get examplesPerSecond() {
      return total.milliseconds === 0 ? 0 : (total.examples / total.milliseconds) * 1000;
    },
  };
}
