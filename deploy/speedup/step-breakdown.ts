import type { StepTiming } from '../../coordinator/step-timings.ts';

/** Where the time of a step goes, in ms; together it is the whole step. */
export interface StepBreakdown {
  /** The worker's forward and backward passes and sums: the mean over the workers. */
  readonly compute: number;
  /** How much longer than the mean the worker computed that came last. */
  readonly slowest: number;
  /** Encoding the parameters and writing them to sockets, until the worker that came last had its share. */
  readonly broadcast: number;
  /** That worker's encoding and writing of its sums. */
  readonly serialise: number;
  /** Sockets, kernels, network, event loops and copies between the two, both ways. */
  readonly wire: number;
  /** Adding up what was not yet added when the last sum came. */
  readonly reduce: number;
  /** The optimizer step and the fingerprint. */
  readonly update: number;
  /** The record of the step, and whatever else lies between two steps. */
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

/** A step with the time from the end of the step before it to its own end. */
export interface TimedStep extends StepTiming {
  readonly wholeMs: number;
}

/** Steps that follow one another within an epoch; the first of them only tells when the second began. */
export function timedSteps(steps: readonly StepTiming[]): TimedStep[] {
  return steps.flatMap((step, i) => {
    const previous = steps[i - 1];
    if (previous?.step !== step.step - 1 || previous.epoch !== step.epoch) return [];
    return [{ ...step, wholeMs: step.doneAt - previous.doneAt }];
  });
}

/** Follows the worker whose sums came last: the others were waiting for it. */
export function breakDown(step: TimedStep): StepBreakdown | undefined {
  const { shares = [], milliseconds, updateMs, wholeMs } = step;
  const last = shares.toSorted((a, b) => a.startMs + a.roundTripMs - b.startMs - b.roundTripMs).at(-1);
  if (last?.computeMs === undefined || last.sendMs === undefined) return undefined;
  const compute = shares.reduce((sum, share) => sum + (share.computeMs ?? 0), 0) / shares.length;
  return {
    compute,
    slowest: last.computeMs - compute,
    broadcast: last.startMs,
    serialise: last.sendMs,
    wire: last.roundTripMs - last.computeMs - last.sendMs,
    reduce: milliseconds - last.startMs - last.roundTripMs - updateMs,
    update: updateMs,
    between: wholeMs - milliseconds,
  };
}

export function meanBreakdown(steps: readonly TimedStep[]): StepBreakdown | undefined {
  const breakdowns = steps.map(breakDown).filter((breakdown) => breakdown !== undefined);
  if (breakdowns.length === 0) return undefined;
  const mean = (part: keyof StepBreakdown) =>
    breakdowns.reduce((sum, breakdown) => sum + breakdown[part], 0) / breakdowns.length;
  return {
    ...{ compute: mean('compute'), slowest: mean('slowest'), broadcast: mean('broadcast') },
    ...{ serialise: mean('serialise'), wire: mean('wire'), reduce: mean('reduce') },
    ...{ update: mean('update'), between: mean('between') },
  };
}
