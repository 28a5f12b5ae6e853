import { type ProcessUsage, processUsage } from '../shared/process-usage.ts';
import type { RoundTiming } from './gradient-source.ts';
import type { StepRecord } from './ledger.ts';
import type { PoolCounters } from './pool-events.ts';

/** How many of the newest steps are kept, for whoever asks now and then. */
const STEPS_KEPT = 4096;

/** How the time of one step went by, for `GET /api/steps` and `lockstep speedup`. */
export interface StepTiming
  extends Pick<
      StepRecord,
      'step' | 'epoch' | 'examples' | 'worldSize' | 'milliseconds' | 'fingerprint' | 'chain'
    >,
    Partial<RoundTiming> {
  /** When it was done, in ms of the coordinator's clock. Two steps in a row tell what a step takes with all about it. */
  readonly doneAt: number;
  /** The optimizer step, and the fingerprint of its result. */
  readonly updateMs: number;
  /** What the coordinator had used, sent and received by then. */
  readonly coordinator: ProcessUsage & Pick<PoolCounters, 'sentBytes' | 'receivedBytes'>;
}

/** The newest steps. */
export interface StepTimings {
  record(record: StepRecord, timing: Partial<RoundTiming> & { updateMs: number }): StepTiming;
  /** Those after `step`, in order. */
  after(step: number): StepTiming[];
}

export function createStepTimings(
  now: () => number,
  counters: () => Readonly<PoolCounters> | undefined,
): StepTimings {
  const kept: StepTiming[] = [];
  return {
    record({ step, epoch, examples, worldSize, milliseconds, fingerprint, chain }, timing) {
      const { sentBytes = 0, receivedBytes = 0 } = counters() ?? {};
      const stepTiming: StepTiming = {
        ...{ step, epoch, examples, worldSize, milliseconds, fingerprint, chain, ...timing, doneAt: now() },
        coordinator: { ...processUsage(), sentBytes, receivedBytes },
      };
      kept.push(stepTiming);
      if (kept.length > STEPS_KEPT) kept.shift();
      return stepTiming;
    },
    after: (step) => kept.filter((timing) => timing.step > step),
  };
}
