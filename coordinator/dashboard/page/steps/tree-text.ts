import {
  describeMicroBatches,
  isInside,
  type LeafRange,
  splitPoint,
} from '../../../../shared/reduction-tree.ts';
import type { StepDetail } from '../../steps/step-detail.ts';
import { formatCount, formatMs, formatQuantity } from '../format.ts';
import { fatesOf, isMissed } from './share-fates.ts';
import { type GivenSum, isSent, stateOf, sumsOf } from './tree-layout.ts';

/** Who made how many additions, by rank; null, the coordinator, is last. */
export function additionsOf(sums: readonly GivenSum[]): Map<number | null, number> {
  const additions = new Map<number | null, number>();
  for (const { rank = null, lo, hi } of sums)
    if (rank !== null) additions.set(rank, (additions.get(rank) ?? 0) + hi - lo - 1);
  const own = sums.filter(({ rank }) => rank === null);
  const recomputed = own.reduce((count, { lo, hi }) => count + hi - lo - 1, 0);
  return new Map([
    ...[...additions].sort(([a], [b]) => Number(a) - Number(b)),
    [null, sums.length - 1 + recomputed],
  ]);
}

/** One sentence about a step's tree. */
export function treeTitle(detail: StepDetail | undefined, leafCount: number): string {
  if (!detail) return 'No step is done yet.';
  const sums = sumsOf(detail, leafCount);
  const leaves = `${formatCount(leafCount)} micro-batch${leafCount === 1 ? '' : 'es'}`;
  if (!detail.isDone) {
    const known = sums.filter(({ isKnown }) => isKnown);
    const count = formatCount(known.reduce((sum, { lo, hi }) => sum + hi - lo, 0));
    return `${count} of ${leaves} of step ${formatCount(detail.step)} are summed.`;
  }
  if (leafCount === 1) return 'A step has one micro-batch, so nothing is added.';
  const workers = [...additionsOf(sums)];
  const byCoordinator = workers.pop()?.[1] ?? 0;
  if (workers.length === 0) return `One process summed all ${leaves}.`;
  const total = workers.reduce((sum, [, count]) => sum + count, 0);
  const who =
    workers.length > 4
      ? [`${workers.length} workers made ${formatCount(total)}`]
      : workers.map(
          ([rank, count], i) => `rank ${rank} ${i === 0 ? 'made ' : ''}${formatCount(count)}`,
        );
  const made = [...who, `the coordinator ${formatCount(byCoordinator)}`].join(', ');
  return `${leaves} became one sum by ${formatQuantity(leafCount - 1, 'addition')}: ${made}.`;
}

/** What became of a node, in sentences. */
export function nodeStory(node: LeafRange, detail: StepDetail, leafCount: number): string {
  const { lo, hi } = node;
  const { given, isKnown } = stateOf(sumsOf(detail, leafCount), node);
  const { rank } = given ?? { rank: null };
  const who = rank === null ? 'the coordinator' : rank === undefined ? 'somebody' : `rank ${rank}`;
  const name = describeMicroBatches(node).replace('m', 'M');
  const what = hi - lo === 1 ? 'the gradient' : `the sum of ${halvesOf(node)}`;
  const at = given?.ms === undefined ? '' : `, where it arrived after ${formatMs(given.ms)}`;
  return [
    `${name}: ${who} ${isKnown ? 'computed' : 'has yet to compute'} ${what}.`,
    isKnown && isSent(given, node) && `This sum went to the coordinator${at}.`,
    hi - lo === leafCount && 'Divided by the number of examples, it is the gradient.',
    ...fatesOf(detail)
      .filter((share) => share.isFirst === false && isInside(node, share))
      .map(({ rank, outcome, purpose }) => {
        if (isMissed({ outcome })) return `Rank ${rank} was ${outcome} with it.`;
        const why = { need: '', trial: ', as a trial', audit: ', to check it' };
        return `Rank ${rank} computed it too${why[purpose]}.`;
      }),
  ]
    .filter(Boolean)
    .join(' ');
}

/** "0-3 and 4-5". */
function halvesOf({ lo, hi }: LeafRange): string {
  const middle = splitPoint({ lo, hi });
  const short = (from: number, to: number) => (to - from === 1 ? from : `${from}-${to - 1}`);
  return `${short(lo, middle)} and ${short(middle, hi)}`;
}
