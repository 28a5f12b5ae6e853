import type { AnsweredShare } from './gradient-source.ts';
import type { StepRecord } from './ledger.ts';
import type { StepTimes } from './train.ts';

/*
 * Where the time of a step goes.
 *
 * A step waits for the worker whose sums arrive last. So the time from the step's begin to its end
 * is divided along that worker, and each moment belongs to one part:
 *
 *     hand out   receive, compute, send   wait   compute   …          last sum   add      update
 *   ├──────────┼────────────────────────┼──────┼─────────┼── … ────────────────┼────────┼────────┤
 *   broadcast    a share of the worker           another one                    reduce   update
 *
 * Within a share the worker says how long it computed and sent. The rest is `wire`. A worker has
 * more than one share in a step if it checks or replaces another one, and waits between them.
 *
 * No part is negative, whatever a worker says of itself.
 */

/**
 * The parts of a step's time, in ms. Their sum is the time of the whole step. The "last worker" is
 * the worker whose sums arrived last.
 */
export interface StepBreakdown {
  /** Computing of the last worker, up to the mean over the workers: passes and their sums. */
  readonly compute: number;
  /** Computing of the last worker beyond that mean, and its waiting for others. */
  readonly slowest: number;
  /** Encoding the parameters and writing them to sockets, until the last worker got its share. */
  readonly broadcast: number;
  /** Encoding and writing the sums in the last worker. */
  readonly serialise: number;
  /** Sockets, operating systems, network, event loops and copies, in both directions. */
  readonly wire: number;
  /** Additions that were still to do when the last sum arrived. */
  readonly reduce: number;
  /** Optimizer step, except for what was done before the last sum arrived. */
  readonly update: number;
  /** Everything between two steps. A step is recorded while the next one is computed. */
  readonly between: number;
}

export const STEP_PARTS = [
  'compute',
  'slowest',
  'broadcast',
  'serialise',
  'wire',
  'reduce',
  'update',
  'between',
] as const satisfies readonly (keyof StepBreakdown)[];

/** A step, and where its time went. */
export type StepWithTimes = StepTimes & Pick<StepRecord, 'step' | 'epoch' | 'milliseconds'>;

export type TimedStep<S extends StepWithTimes = StepWithTimes> = S & {
  /** Time from the end of the previous step to the end of this one. */
  readonly wholeMs: number;
};

/**
 * Adds the whole time to each step whose previous step is in the list and in the same epoch. Leaves
 * out the other steps, because their beginning is unknown.
 */
export function timedSteps<S extends StepWithTimes>(steps: readonly S[]): TimedStep<S>[] {
  return steps.flatMap((step, i) => {
    const previous = steps[i - 1];
    if (previous?.step !== step.step - 1 || previous.epoch !== step.epoch) return [];
    return [{ ...step, wholeMs: step.doneAt - previous.doneAt }];
  });
}

/**
 * Breaks a step down along the worker whose sums arrived last, because the step waited for it.
 * Undefined if that worker did not report its times.
 */
export function breakDown(step: TimedStep): StepBreakdown | undefined {
  const { shares = [], milliseconds, updateMs, wholeMs, handedOutMs } = step;
  const byRank = Map.groupBy(shares, ({ rank }) => rank);
  const last = shares.reduce<AnsweredShare | undefined>(
    (later, share) => (later && endOf(later) > endOf(share) ? later : share),
    undefined,
  );
  if (last?.computeMs === undefined || last.sendMs === undefined) return undefined;
  const spent = spentOn(byRank.get(last.rank) ?? []);
  const mean = meanOf([...byRank.values()].map((each) => spentOn(each).compute));
  const compute = Math.min(mean, spent.compute);
  const broadcast = Math.min(spent.startMs, handedOutMs ?? spent.startMs);
  const afterward = Math.max(0, milliseconds - endOf(last));
  const update = Math.min(updateMs, afterward);
  return {
    compute,
    slowest: spent.compute - compute + Math.max(0, endOf(last) - broadcast - spent.roundTrip),
    broadcast,
    serialise: spent.send,
    wire: Math.max(0, spent.roundTrip - spent.compute - spent.send),
    reduce: afterward - update,
    update,
    between: Math.max(0, wholeMs - milliseconds),
  };
}

const endOf = ({ startMs, roundTripMs }: AnsweredShare): number => startMs + roundTripMs;

const meanOf = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length;

/** The time of a worker's shares, and where it went: never more than the time of the share. */
function spentOn(shares: readonly AnsweredShare[]) {
  const spent = { startMs: Number.POSITIVE_INFINITY, roundTrip: 0, compute: 0, send: 0 };
  for (const { startMs, roundTripMs, computeMs = 0, sendMs = 0 } of shares) {
    const compute = Math.min(computeMs, roundTripMs);
    spent.startMs = Math.min(spent.startMs, startMs);
    spent.roundTrip += roundTripMs;
    spent.compute += compute;
    spent.send += Math.min(sendMs, roundTripMs - compute);
  }
  return spent;
}

/** The mean over the steps that have a breakdown. Undefined if there is no such step. */
export function meanBreakdown(steps: readonly TimedStep[]): StepBreakdown | undefined {
  const breakdowns = steps.map(breakDown).filter((breakdown) => breakdown !== undefined);
  if (breakdowns.length === 0) return undefined;
  const mean = (part: keyof StepBreakdown) =>
    meanOf(breakdowns.map((breakdown) => breakdown[part]));
  return {
    compute: mean('compute'),
    slowest: mean('slowest'),
    broadcast: mean('broadcast'),
    serialise: mean('serialise'),
    wire: mean('wire'),
    reduce: mean('reduce'),
    update: mean('update'),
    between: mean('between'),
  };
}
