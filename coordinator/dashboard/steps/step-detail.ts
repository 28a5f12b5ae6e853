import type { AnsweredShare, RoundTiming, SharePurpose } from '../../training/gradient-source.ts';
import type { FinishedRound, StepTimes } from '../../training/train.ts';

/**
 * One step or evaluation, for the timeline and the reduction tree. Times are in ms since it began,
 * to 1 µs.
 */
export interface StepDetail {
  /** `train`: a step. Otherwise the set that is evaluated. */
  readonly kind: FinishedRound['round']['kind'];
  /** An evaluation has the number of updates before it. */
  readonly step: number;
  /** When the step began, in ms of the coordinator's clock, which counts from any moment. */
  readonly startedAt: number;
  /** The time of the step; so far, if it is not done. */
  readonly milliseconds: number;
  /** The mean over the global batch; null for an evaluation and while the step is under way. */
  readonly loss: number | null;
  /** False while it is under way. */
  readonly isDone: boolean;
  /** Until the last parameters and shares were handed to sockets. */
  readonly broadcastMs: number;
  /** The time of the optimizer's update, at the end; 0 while the step is under way. */
  readonly updateMs: number;
  /** Additions: start and duration. */
  readonly reductions: readonly (readonly [startMs: number, ms: number])[];
  readonly shares: readonly ShareDetail[];
  /** The sums that arrived, in order. */
  readonly arrivals: readonly SumDetail[];
  /** The sums that the root was added up from; empty while the step is under way. */
  readonly work: readonly WorkDetail[];
  /** The other sums: copies, late and wrong ones. */
  readonly copies: readonly WorkDetail[];
}

/** A share that a worker was asked for. */
export interface ShareDetail {
  readonly rank: number;
  readonly lo: number;
  readonly hi: number;
  readonly startMs: number;
  /** When the worker is late. */
  readonly deadlineAtMs: number;
  readonly purpose: SharePurpose;
  /** When the last sum had arrived; undefined if it has not. */
  readonly answeredAtMs?: number;
  /** When the worker was lost before it had answered. */
  readonly lostAtMs?: number;
  /** When the worker received, computed and sent; undefined if that is unknown. */
  readonly receive?: Span;
  readonly compute?: Span;
  readonly send?: Span;
}

/** From and to. */
export type Span = readonly [fromMs: number, toMs: number];

export interface SumDetail {
  readonly rank: number;
  readonly lo: number;
  readonly hi: number;
  readonly ms: number;
}

export interface WorkDetail {
  readonly lo: number;
  readonly hi: number;
  /** Null: the coordinator. */
  readonly rank: number | null;
}

/** The detail of a round that is done. `rankOf`: the rank of a worker by its recorded name. */
export function detailOf(
  { round, milliseconds, work, copies = [] }: FinishedRound,
  loss: number | null,
  times: StepTimes,
  rankOf: (worker: string) => number | null,
): StepDetail {
  const startedAt = times.doneAt - milliseconds;
  const ranked = (list: FinishedRound['work']): WorkDetail[] =>
    list.map(([lo, hi, worker]) => ({ lo, hi, rank: worker === null ? null : rankOf(worker) }));
  return {
    ...timesOf(times, startedAt),
    ...round,
    startedAt,
    milliseconds: micro(milliseconds),
    loss,
    isDone: true,
    updateMs: micro(times.updateMs),
    work: ranked(work),
    copies: ranked(copies),
  };
}

/** The detail of a round that is under way. */
export function detailUnderWay(
  round: FinishedRound['round'],
  timing: RoundTiming,
  startedAt: number,
  now: number,
): StepDetail {
  return {
    ...timesOf(timing, startedAt),
    ...round,
    startedAt,
    milliseconds: micro(now - startedAt),
    loss: null,
    isDone: false,
    updateMs: 0,
    work: [],
    copies: [],
  };
}

/** Rounds to 1 µs: more digits are no better, and longer. */
const micro = (ms: number): number => Math.round(ms * 1000) / 1000;

function timesOf(timing: Partial<RoundTiming>, startedAt: number) {
  const { broadcastMs = 0, reductions = [], shares = [] } = timing;
  const { assignments = [], arrivals = [], losses = [] } = timing;
  return {
    broadcastMs: micro(broadcastMs),
    reductions: reductions.map(({ startMs, ms }) => [micro(startMs), micro(ms)] as const),
    shares: assignments.map(({ rank, leaves, startMs, deadlineMs, purpose }): ShareDetail => {
      const answer = shares.find((each) => each.rank === rank && each.startMs === startMs);
      // A worker that is lost has no share after this one.
      const loss = answer ? undefined : losses.find((each) => each.rank === rank);
      return {
        rank,
        lo: leaves.lo,
        hi: leaves.hi,
        startMs: micro(startMs),
        deadlineAtMs: micro(startMs + deadlineMs),
        purpose,
        ...(answer && {
          answeredAtMs: micro(startMs + answer.roundTripMs),
          ...spansOf(answer, startedAt),
        }),
        ...(loss && { lostAtMs: micro(loss.ms) }),
      };
    }),
    arrivals: arrivals.map(({ rank, node, ms }) => ({
      rank,
      lo: node.lo,
      hi: node.hi,
      ms: micro(ms),
    })),
  };
}

/** What the worker did, by the coordinator's clock. Empty if a time is unknown. */
export function spansOf(
  { startedAt, receiveMs, computeMs, sendMs, clockOffsetMs }: AnsweredShare,
  roundStartedAt: number,
): { receive?: Span; compute?: Span; send?: Span } {
  const isTimed = startedAt !== undefined && receiveMs !== undefined;
  if (!isTimed || computeMs === undefined || sendMs === undefined || clockOffsetMs === undefined)
    return {};
  const at = startedAt - clockOffsetMs - roundStartedAt;
  const span = (from: number, to: number): Span => [micro(from), micro(to)];
  const computedAt = at + computeMs;
  return {
    receive: span(at - receiveMs, at),
    compute: span(at, computedAt),
    send: span(computedAt, computedAt + sendMs),
  };
}
