import type { StepRecord } from '../training/ledger.ts';
import { breakDown, STEP_PARTS, type StepBreakdown } from '../training/step-breakdown.ts';
import type { StepTimes } from '../training/train.ts';

/** Adds up where the time of the steps went. */
export interface PartSeconds {
  /** Adds a step. Leaves it out if its last worker did not report its times. */
  add(record: StepRecord, times: StepTimes): void;
  /** The sums so far, in seconds. They never fall, though clocks of two machines may disagree. */
  readonly sums: Readonly<Record<keyof StepBreakdown, number>>;
}

/** The time between two steps counts if both are of the same epoch. */
export function createPartSeconds(): PartSeconds {
  const sums = Object.fromEntries(STEP_PARTS.map((part) => [part, 0])) as Record<
    keyof StepBreakdown,
    number
  >;
  let previous = { step: -1, epoch: 0, doneAt: 0 };
  return {
    sums,
    add({ step, epoch, milliseconds }, times) {
      const { doneAt } = times;
      const isNext = previous.step === step - 1 && previous.epoch === epoch;
      const wholeMs = isNext ? doneAt - previous.doneAt : milliseconds;
      previous = { step, epoch, doneAt };
      const breakdown = breakDown({ ...times, step, epoch, milliseconds, wholeMs });
      if (!breakdown) return;
      for (const part of STEP_PARTS) sums[part] += breakdown[part] / 1000;
    },
  };
}
