import type { StepDetail } from '../../steps/step-detail.ts';
import { fatesOf, type ShareFate } from './share-fates.ts';

/*
 * What the timeline shows: bars and marks in ms, with a row for the coordinator and each worker.
 * All ms count from the start of the first round. A round is a step or an evaluation.
 */

export type BarKind =
  /** The parameters arrive at a worker. */
  | 'receive'
  /** A worker computes. */
  | 'compute'
  /** A worker sends its sums. */
  | 'send'
  /** A worker was asked and has not answered, or its own times are unknown. */
  | 'asked'
  /** A worker has answered, and the round goes on. */
  | 'wait'
  /** A worker computes what another one is late with, or was lost with. */
  | 'again'
  /** A new worker computes, and others compute the same. */
  | 'trial'
  /** A worker computes what another one has computed, to check it. */
  | 'audit'
  /** A worker was lost, or was late and has not answered. */
  | 'missed'
  /** The coordinator hands out shares, adds sums, or updates the parameters. */
  | 'handout'
  | 'add'
  | 'update';

export interface Bar {
  readonly kind: BarKind;
  /** Its place in the scene's rows. */
  readonly row: number;
  readonly fromMs: number;
  readonly toMs: number;
  readonly round: SceneRound;
  /** Of a worker's bar. */
  readonly share?: ShareFate;
}

export interface SceneRound extends Pick<StepDetail, 'kind' | 'step' | 'isDone'> {
  readonly fromMs: number;
  readonly toMs: number;
  readonly fates: readonly ShareFate[];
}

/** A moment in a row. */
export interface Moment {
  readonly row: number;
  readonly atMs: number;
}

/**
 * - `deadline`: of a share that is answered in time
 * - `overdue`: the same, of a late share
 * - `cross`: a share is late or lost
 * - `first`: of several copies, this one counted
 */
export type MarkKind = 'deadline' | 'overdue' | 'cross' | 'first';

export interface Scene {
  /** The ranks, ascending, after the coordinator (null). */
  readonly rows: readonly (number | null)[];
  readonly rounds: readonly SceneRound[];
  readonly bars: readonly Bar[];
  readonly marks: readonly (Moment & { readonly kind: MarkKind })[];
  /** From each late or lost share to the one that replaces it. */
  readonly descents: readonly (readonly [from: Moment, to: Moment])[];
  readonly toMs: number;
}

/** Rows beyond this are in the table only. */
const ROWS_MAX = 257;

/** The scene of some rounds in a row. `present`: the ranks of the workers that are here now. */
export function sceneOf(details: readonly StepDetail[], present: readonly number[]): Scene {
  const startedAt = details[0]?.startedAt ?? 0;
  const ranks = new Set([
    ...present,
    ...details.flatMap(({ shares }) => shares.map(({ rank }) => rank)),
  ]);
  const rows = [null, ...[...ranks].sort((a, b) => a - b)].slice(0, ROWS_MAX);
  const rounds = details.map((detail): SceneRound => {
    const { kind, step, isDone, milliseconds } = detail;
    const fromMs = detail.startedAt - startedAt;
    return { kind, step, isDone, fromMs, toMs: fromMs + milliseconds, fates: fatesOf(detail) };
  });
  const toMs = rounds.at(-1)?.toMs ?? 0;
  const bars = details.flatMap((detail, i) => coordinatorBars(detail, rounds[i]));
  const marks: Scene['marks'][number][] = [];
  const descents: Scene['descents'][number][] = [];
  for (const [i, round] of rounds.entries())
    for (const share of round.fates) {
      const row = rows.indexOf(share.rank);
      if (row < 0) continue;
      bars.push(...workerBars(share, row, rounds.slice(i), toMs));
      const { marksMs, struckMs } = momentsOf(share, round);
      for (const [kind, ms] of marksMs) marks.push({ kind, row, atMs: round.fromMs + ms });
      const from = { row: rows.indexOf(share.replaces?.rank ?? -1), atMs: round.fromMs + struckMs };
      if (from.row >= 0) descents.push([from, { row, atMs: round.fromMs + share.startMs }]);
    }
  return { rows, rounds, bars, marks, descents, toMs };
}

function coordinatorBars(detail: StepDetail, round: SceneRound): Bar[] {
  const { broadcastMs, reductions, updateMs, shares, milliseconds, isDone } = detail;
  const bar = (kind: BarKind, from: number, ms: number): Bar[] => {
    const fromMs = round.fromMs + Math.max(0, from);
    const toMs = Math.min(round.toMs, fromMs + ms);
    return ms > 0 ? [{ kind, row: 0, round, fromMs, toMs }] : [];
  };
  return [
    // Without shares, this process has computed everything itself.
    ...(isDone && shares.length === 0 ? bar('compute', 0, milliseconds - updateMs) : []),
    ...bar('handout', 0, broadcastMs),
    ...reductions.flatMap(([start, ms]) => bar('add', start, ms)),
    ...bar('update', milliseconds - updateMs, updateMs),
  ];
}

/** The bars of a share. `rounds`: its round and those that follow. */
function workerBars(
  share: ShareFate,
  row: number,
  [round, ...later]: readonly SceneRound[],
  endMs: number,
): Bar[] {
  const { rank, receive, compute, send, startMs, answeredAtMs, lostAtMs } = share;
  const base = round.fromMs;
  const bar = (kind: BarKind, from: number, to: number): Bar[] =>
    to > from ? [{ kind, row, round, share, fromMs: base + from, toMs: base + to }] : [];
  const isOwn = (other: ShareFate) => other.rank === rank;
  if (answeredAtMs === undefined) {
    // A worker gets its next share after it has answered.
    const next = later.find(({ fates }) => fates.some(isOwn))?.fromMs ?? endMs;
    return bar(barKindOf(share, 'asked'), startMs, lostAtMs ?? next - base);
  }
  const again = round.fates.find((other) => isOwn(other) && other.startMs > startMs)?.startMs;
  const wait = bar('wait', answeredAtMs, again ?? round.toMs - base);
  if (!compute) return [...bar(barKindOf(share, 'asked'), startMs, answeredAtMs), ...wait];
  // Two clocks never agree to the last µs.
  const from = Math.max(startMs, compute[0]);
  const [to, sentMs] = [compute[1], send?.[1] ?? 0].map((ms) => Math.min(ms, answeredAtMs));
  return [
    ...bar('receive', receive?.[0] ?? from, from),
    ...bar(barKindOf(share, 'compute'), from, to),
    ...bar('send', to, sentMs),
    ...wait,
  ];
}

/** The kind of the bar in which a worker is asked or computes. */
function barKindOf(
  { outcome, purpose, answeredAtMs, replaces }: ShareFate,
  kind: BarKind,
): BarKind {
  if (outcome === 'lost' || (outcome === 'late' && answeredAtMs === undefined)) return 'missed';
  return purpose === 'need' ? (replaces ? 'again' : kind) : purpose;
}

/** The marks of a share, and when the share that it replaces was struck. */
function momentsOf(share: ShareFate, { fromMs, toMs }: SceneRound) {
  const { outcome, deadlineAtMs, lostAtMs, answeredAtMs = 0, isFirst, replaces, startMs } = share;
  const marksMs: [MarkKind, number][] = [];
  if (lostAtMs !== undefined) marksMs.push(['cross', lostAtMs]);
  else if (outcome === 'late') marksMs.push(['overdue', deadlineAtMs], ['cross', deadlineAtMs]);
  else if (deadlineAtMs <= toMs - fromMs) marksMs.push(['deadline', deadlineAtMs]);
  if (isFirst) marksMs.push(['first', answeredAtMs]);
  const struckMs = Math.min(replaces?.lostAtMs ?? replaces?.deadlineAtMs ?? 0, startMs);
  return { marksMs, struckMs };
}
