import type { StepRecord } from '../training/ledger.ts';
import type { StepTimes } from '../training/train.ts';

/**
 * The parts of a step's time, as `lockstep speedup` has them. The "last worker" is the worker whose
 * sums arrived last.
 *
 * - `compute`: the workers compute, as the mean over them.
 * - `slowest`: the last worker computes for longer than the mean.
 * - `broadcast`: the parameters are written to sockets, until the last worker got its share.
 * - `serialise`: the last worker encodes and writes its sums.
 * - `wire`: sockets, systems and the network, in both directions.
 * - `reduce`: additions that were still to do when the last sum arrived.
 * - `update`: the optimizer's step.
 * - `between`: from the end of one step to the begin of the next one in the same epoch.
 */
export const STEP_PARTS = [
  'compute',
  'slowest',
  'broadcast',
  'serialise',
  'wire',
  'reduce',
  'update',
  'between',
] as const;
export type StepPart = (typeof STEP_PARTS)[number];

/** Adds up where the time of the steps went. */
export interface PartSeconds {
  /** Adds a step. Leaves it out if its last worker did not report its times. */
  add(record: StepRecord, times: StepTimes): void;
  /** The sums so far, in seconds. They never fall, though clocks of two machines may disagree. */
  readonly sums: Readonly<Record<StepPart, number>>;
}

export function createPartSeconds(): PartSeconds {
  const sums: Record<StepPart, number> = {
    compute: 0,
    slowest: 0,
    broadcast: 0,
    serialise: 0,
    wire: 0,
    reduce: 0,
    update: 0,
    between: 0,
  };
  let previous: { readonly step: number; readonly epoch: number; readonly doneAt: number } = {
    step: -1,
    epoch: 0,
    doneAt: 0,
  };
  const addTo = (part: StepPart, ms: number) => {
    if (ms > 0) sums[part] += ms / 1000;
  };
  return {
    sums,
    add({ step, epoch, milliseconds }, { shares = [], updateMs, doneAt }) {
      const isNext = previous.step === step - 1 && previous.epoch === epoch;
      const betweenMs = isNext ? doneAt - milliseconds - previous.doneAt : 0;
      previous = { step, epoch, doneAt };
      const [first] = shares;
      if (!first) return;
      let last = first;
      let computeMs = 0;
      for (const share of shares) {
        computeMs += (share.computeMs ?? 0) / shares.length;
        if (share.startMs + share.roundTripMs > last.startMs + last.roundTripMs) last = share;
      }
      if (last.computeMs === undefined || last.sendMs === undefined) return;
      // The worker whose sums came last may have computed for less than the mean.
      computeMs = Math.min(computeMs, last.computeMs);
      addTo('compute', computeMs);
      addTo('slowest', last.computeMs - computeMs);
      addTo('broadcast', last.startMs);
      addTo('serialise', last.sendMs);
      addTo('wire', last.roundTripMs - last.computeMs - last.sendMs);
      addTo('reduce', milliseconds - last.startMs - last.roundTripMs - updateMs);
      addTo('update', updateMs);
      addTo('between', betweenMs);
    },
  };
}
