import { type ProcessUsage, processUsage } from '../shared/process-usage.ts';
import type { StepRecord } from './ledger.ts';
import type { PoolCounters } from './pool-events.ts';
import type { StepTimes } from './train.ts';

/** How many of the newest steps are kept, for whoever asks now and then. */
const STEPS_KEPT = 4096;

/** How the time of one step went by, for `GET /api/steps` and `lockstep speedup`. */
export interface StepTiming
  extends Pick<
      StepRecord,
      'step' | 'epoch' | 'examples' | 'worldSize' | 'milliseconds' | 'fingerprint' | 'chain'
    >,
    StepTimes {
  /** What the coordinator had used, sent and received when it recorded the step, after it had begun the next one. */
  readonly coordinator: ProcessUsage & Pick<PoolCounters, 'sentBytes' | 'receivedBytes'>;
}

/** The newest steps. */
export interface StepTimings {
  record(record: StepRecord, times: StepTimes): StepTiming;
  /** Those after `step`, in order. */
  after(step: number): StepTiming[];
}

export function createStepTimings(counters: () => Readonly<PoolCounters> | undefined): StepTimings {
  const kept: StepTiming[] = [];
  return {
    record({ step, epoch, examples, worldSize, milliseconds, fingerprint, chain }, times) {
      const { sentBytes = 0, receivedBytes = 0 } = counters() ?? {};
      const stepTiming: StepTiming = {
        ...{ step, epoch, examples, worldSize, milliseconds, fingerprint, chain, ...times },
        coordinator: { ...processUsage(), sentBytes, receivedBytes },
      };
      kept.push(stepTiming);
      if (kept.length > STEPS_KEPT) kept.shift();
      return stepTiming;
    },
    after: (step) => kept.filter((timing) => timing.step > step),
  };
}
