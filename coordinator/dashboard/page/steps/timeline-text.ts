import { describeMicroBatches, describeParts } from '../../../../shared/reduction-tree.ts';
import type { ShareDetail, StepDetail } from '../../steps/step-detail.ts';
import { formatCount, formatMs } from '../format.ts';
import { fatesOf, type ShareFate } from './share-fates.ts';
import type { Bar } from './timeline-scene.ts';

/** "step 812", "the test set after step 430". */
const describeRound = ({ kind, step }: Pick<StepDetail, 'kind' | 'step'>): string =>
  `${kind === 'train' ? '' : `the ${kind} set after `}step ${formatCount(step)}`;

const mean = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length;

/** One sentence about the steps that are shown. */
export function timelineTitle(details: readonly StepDetail[]): string {
  const last = details.at(-1);
  if (!last) return 'No step is done yet.';
  const steps = details.filter(({ kind, isDone }) => kind === 'train' && isDone);
  if (steps.length === 0) return underWayTitle(last);
  const took = `A step takes ${formatMs(mean(steps.map(({ milliseconds }) => milliseconds)))}`;
  if (steps.every(({ shares }) => shares.length === 0)) return `${took}, in one process.`;
  const ends = steps.flatMap(lastOf);
  if (ends.length === 0) return `${took}.`;
  const waited = `waited ${formatMs(mean(ends.map(({ waitedMs }) => waitedMs)))} for`;
  const timesLast = (rank: number) => ends.filter((end) => end.rank === rank).length;
  const { rank } = ends.reduce((a, b) => (timesLast(b.rank) > timesLast(a.rank) ? b : a));
  const count = timesLast(rank);
  if (2 * count <= steps.length) return `${took}; the others ${waited} the last worker.`;
  const often = count < steps.length ? ` in ${count} of ${steps.length}` : '';
  return `${took}; rank ${rank} was last${often}, and the others ${waited} it.`;
}

/** One sentence about the first share that was computed again. Undefined if there is none. */
export function disturbanceTitle(details: readonly StepDetail[]): string | undefined {
  // A copy may be late or lost, too.
  for (const detail of details)
    for (const share of fatesOf(detail).sort((a, b) => Number(isOpen(a)) - Number(isOpen(b)))) {
      const { replaces, rank } = share;
      if (!replaces) continue;
      const did = isOpen(share) ? 'was asked for' : 'computed';
      const again = `rank ${rank} ${did} ${describeMicroBatches(share)} again`;
      const why = `rank ${replaces.rank} ${whyAgain(replaces)}`;
      return `In step ${formatCount(detail.step)}, ${why}; ${again}.`;
    }
  return undefined;
}

const isOpen = ({ answeredAtMs }: Pick<ShareDetail, 'answeredAtMs'>): boolean =>
  answeredAtMs === undefined;

function underWayTitle({ shares, milliseconds, ...round }: StepDetail): string {
  const open = shares.filter(({ lostAtMs, ...share }) => lostAtMs === undefined && isOpen(share));
  const ranks = [...new Set(open.map(({ rank }) => rank))].sort((a, b) => a - b);
  const names = ranks.map((rank) => `rank ${rank}`).join(', ');
  const who = ranks.length > 4 ? `${ranks.length} workers` : names;
  const waits = who && ` and waits for ${who}`;
  return `So far, ${describeRound(round)} has taken ${formatMs(milliseconds)}${waits}.`;
}

/** Who answered last in a step, and how long the others waited for it. */
function lastOf(detail: StepDetail): { rank: number; waitedMs: number }[] {
  const ends = new Map<number, number>();
  // Nobody waits for a late copy that does not count.
  for (const { rank, answeredAtMs = 0, purpose, isFirst } of fatesOf(detail))
    if (answeredAtMs > 0 && purpose === 'need' && isFirst !== false)
      ends.set(rank, Math.max(answeredAtMs, ends.get(rank) ?? 0));
  const [last, ...others] = [...ends].sort((a, b) => b[1] - a[1]);
  if (others.length === 0) return [];
  return [{ rank: last[0], waitedMs: mean(others.map(([, endMs]) => last[1] - endMs)) }];
}

/** What a bar is, in sentences with numbers. */
export function barStory({ kind, round, share, fromMs, toMs }: Bar): string {
  const name = describeRound(round);
  const took = formatMs(toMs - fromMs);
  if (!share) {
    const did = {
      handout: `handed out the shares of ${name}`,
      add: `added sums of ${name}`,
      update: `updated the parameters by the gradient of ${name}`,
    };
    const what = did[kind as keyof typeof did] ?? `computed ${name} itself`;
    return `The coordinator ${what} in ${took}.`;
  }
  const who = `Rank ${share.rank}`;
  const leaves = (round.kind === 'train' ? describeMicroBatches : describeParts)(share);
  const what = `${leaves} of ${name}`;
  if (kind === 'receive') return `${who} received the parameters for ${name} in ${took}.`;
  if (kind === 'send') return `${who} sent the sums of ${what} in ${took}.`;
  if (kind === 'wait') return `${who} waited ${took}: it had answered, and ${name} went on.`;
  const { answeredAtMs, compute, startMs } = share;
  const after = formatMs(fromMs - round.fromMs - startMs);
  return answeredAtMs !== undefined && compute
    ? `${who} computed ${what} in ${took}, beginning ${after} after it was asked.${whyOf(share)}`
    : `${who} was asked for ${what}${whatBecameOf(share, took)}.${whyOf(share)}`;
}

function whatBecameOf({ outcome, answeredAtMs, startMs, deadlineAtMs }: ShareFate, took: string) {
  if (answeredAtMs !== undefined) return ` and answered after ${took}`;
  if (outcome === 'lost') return ` and was lost after ${took}`;
  if (outcome === 'open') return ` and had not answered after ${took}`;
  return ` and had not answered at its deadline, after ${formatMs(deadlineAtMs - startMs)}`;
}

/** Why the worker was asked, and which copy counted, if that is not plain. */
function whyOf({ outcome, answeredAtMs, purpose, replaces, isFirst }: ShareFate): string {
  const isAnswered = answeredAtMs !== undefined;
  return [
    purpose === 'trial' && 'It is new, so others computed the same.',
    purpose === 'audit' && 'This checks the sum of another worker.',
    replaces && `Rank ${replaces.rank} ${whyAgain(replaces)} before.`,
    outcome === 'late' && isAnswered && 'It was late.',
    isFirst && 'Its copy was the first and counted.',
    isFirst === false && isAnswered && 'Another copy counted.',
  ]
    .map((sentence) => (sentence ? ` ${sentence}` : ''))
    .join('');
}

function whyAgain({
  lostAtMs,
  answeredAtMs = Number.POSITIVE_INFINITY,
  deadlineAtMs,
}: ShareDetail) {
  if (lostAtMs !== undefined) return 'was lost';
  if (answeredAtMs > deadlineAtMs) return 'was late';
  return 'had computed it, but a sum was wrong';
}
