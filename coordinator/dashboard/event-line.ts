import * as z from 'zod';
import { RegressionErrors } from '../training/quality.ts';
import type { Moment } from './model/run-view.ts';

/*
 * The lines of `events.jsonl`. Each has its time, and the number of updates at that time.
 *
 *   start       a coordinator has opened the folder: facts that `config.json` lacks
 *   worker      a worker is ready, or has left
 *   notice      a decision with its reason; `count` and `since` if it came several times
 *   checkpoint  a checkpoint is saved
 *   moment      the state of the run, one step in detail, and the times of the steps before
 *   stopped, done, error    how the coordinator ended
 *
 * Keys that a later version adds are kept. What a page draws is checked for its shape only.
 */

const At = z.looseObject({
  /** In ms since 1970. */
  time: z.number(),
  /** The number of updates. */
  step: z.int().nonnegative(),
});

const Ranged = z.looseObject({ lo: z.number(), hi: z.number() });
const Pair = z.tuple([z.number(), z.number()]);

const Detail = z.looseObject({
  step: z.int().nonnegative(),
  startedAt: z.number(),
  milliseconds: z.number(),
  isDone: z.boolean(),
  broadcastMs: z.number(),
  updateMs: z.number(),
  reductions: z.array(Pair),
  shares: z.array(
    Ranged.extend({
      rank: z.number(),
      startMs: z.number(),
      deadlineAtMs: z.number(),
      answeredAtMs: z.number().optional(),
      receive: Pair.optional(),
      compute: Pair.optional(),
      send: Pair.optional(),
    }),
  ),
  arrivals: z.array(Ranged.extend({ rank: z.number(), ms: z.number() })),
  work: z.array(Ranged.extend({ rank: z.number().nullable() })),
  copies: z.array(Ranged.extend({ rank: z.number().nullable() })),
});

const Status = z.looseObject({
  state: z.string(),
  step: z.int().nonnegative(),
  epoch: z.number(),
  worldSize: z.number(),
  examplesPerSecond: z.number(),
  secondsLeft: z.number().nullable(),
  trainLoss: z.number().nullable(),
  fingerprint: z.string().nullable(),
  chain: z.string().nullable(),
  counters: z.looseObject({}).nullable(),
  workers: z.array(z.looseObject({ rank: z.number(), name: z.string() })),
  left: z.array(z.looseObject({ rank: z.number(), name: z.string() })),
  end: z.looseObject({ message: z.string() }).nullable(),
});

/** The times of consecutive steps that `metrics.jsonl` does not have. */
export const StepTotals = z.object({
  from: z.int().nonnegative(),
  /** The step after the last one. */
  to: z.int().positive(),
  /** The time between the steps, in ms. */
  betweenMs: z.number(),
  /** The steps of which the times of `parts` are known. */
  timedSteps: z.int().nonnegative(),
  /** The time of each part of a step in ms, in the order of `STEP_PARTS`. */
  parts: z.array(z.number()),
});
export type StepTotals = z.infer<typeof StepTotals>;

const Lines = z.discriminatedUnion('event', [
  At.extend({
    event: z.literal('start'),
    resumedFrom: z.string().nullable(),
    stepCount: z.int().nonnegative(),
    stepsPerEpoch: z.int().positive(),
    trainingExamples: z.int().positive(),
    testExamples: z.int().positive(),
    auditFraction: z.number(),
    hasCluster: z.boolean(),
    /** The beginning of the command that goes on with the run: no secrets. */
    continuation: z.array(z.string()).optional(),
  }),
  At.extend({
    event: z.literal('worker'),
    state: z.enum(['ready', 'left']),
    rank: z.int().nonnegative(),
    name: z.string(),
    pid: z.int().optional(),
    runtime: z.string().optional(),
    worldSize: z.int().nonnegative(),
    reason: z.string().optional(),
  }),
  At.extend({
    event: z.literal('notice'),
    code: z.string(),
    message: z.string(),
    count: z.int().positive().optional(),
    since: z.number().optional(),
  }),
  At.extend({ event: z.literal('checkpoint'), saved: z.int().nonnegative() }),
  At.extend({
    event: z.literal('moment'),
    status: Status,
    details: z.array(Detail),
    disturbed: z.array(Detail).optional(),
    /** Null if no step was recorded since the last moment. */
    totals: StepTotals.nullable(),
  }),
  At.extend({ event: z.literal('stopped') }),
  At.extend({
    event: z.literal('done'),
    testAccuracy: z.number().nullable(),
    testErrors: RegressionErrors.optional(),
    parametersSha256: z.string(),
    totalSeconds: z.number(),
  }),
  At.extend({ event: z.literal('error'), message: z.string() }),
]);

type MomentLine = Moment & { readonly event: 'moment'; readonly totals: StepTotals | null };

/** A line of `events.jsonl`. */
export type EventLine = Exclude<z.infer<typeof Lines>, { event: 'moment' }> | MomentLine;

/** The record in a line; undefined if it is none, or one of a kind that is not known. */
export function parseEventLine(line: string): EventLine | undefined {
  try {
    const result = Lines.safeParse(JSON.parse(line));
    // The parts of a moment are what a coordinator has written, as far as the schema says.
    return result.success ? (result.data as unknown as EventLine) : undefined;
  } catch {
    return undefined;
  }
}
