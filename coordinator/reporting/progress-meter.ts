import type { Clock } from '../../shared/clock.ts';
import type { StepRecord } from '../training/ledger.ts';
import type { ProgressEvent } from './events.ts';

const REPORT_INTERVAL_MS = 1_000;

/** Measures speed, progress and remaining time from the recorded steps. */
export interface ProgressMeter {
  /** Adds a step. Returns an event if the last one is at least 1 s old, or if there was none. */
  record(metrics: StepRecord): ProgressEvent | undefined;
  /** The last event; undefined before the first one. */
  readonly latest: ProgressEvent | undefined;
  /** The training examples/s since the start, over the time in steps; 0 before the first step. */
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
        examplesPerSecond: perSecond(recent),
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
      return perSecond(total);
    },
  };
}

/** 0 while no time has passed. */
function perSecond({ examples, milliseconds }: { examples: number; milliseconds: number }): number {
  return milliseconds === 0 ? 0 : (examples / milliseconds) * 1000;
}
