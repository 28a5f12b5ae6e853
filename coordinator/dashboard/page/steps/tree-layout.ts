import {
  areDisjoint,
  isInside,
  isSameNode,
  type LeafRange,
  maximalSubtrees,
  splitPoint,
} from '../../../../shared/reduction-tree.ts';
import type { StepDetail } from '../../steps/step-detail.ts';
import { fatesOf, isMissed, type ShareFate } from './share-fates.ts';

/*
 * The reduction tree of a step: who computed which leaf, who added which node, and where they are.
 *
 *   root          ●            the coordinator adds what workers send
 *              ┌──┴──┐
 *   sums       ●     ●         a worker sends the sum of each largest subtree of its share
 *             ┌┴┐   ┌┴┐
 *   leaves    ■ ■   ■ ■        micro-batches: a worker computes their gradients
 */

/** A sum that the coordinator has, or waits for. */
export interface GivenSum extends LeafRange {
  /** Null: the coordinator itself. Undefined: nobody computes it now. */
  readonly rank: number | null | undefined;
  readonly isKnown: boolean;
  /** When it arrived, in ms since the step began. */
  readonly ms?: number | undefined;
}

/** The sums that the root is made of, ascending. They cover each leaf once. */
export function sumsOf(detail: StepDetail, leafCount: number): GivenSum[] {
  const { isDone, work, arrivals, shares } = detail;
  let sums: GivenSum[] = [];
  /** A sum makes those inside it superfluous, and is superfluous inside another one. */
  const add = (sum: GivenSum) => {
    if (sums.some((other) => isInside(sum, other))) return;
    sums = [...sums.filter((other) => areDisjoint(other, sum)), sum];
  };
  const expect = (node: LeafRange, rank: number | undefined): void => {
    if (sums.some((other) => isInside(node, other))) return;
    if (sums.every((other) => areDisjoint(other, node)))
      return add({ ...node, rank, isKnown: false });
    const middle = splitPoint(node);
    expect({ lo: node.lo, hi: middle }, rank);
    expect({ lo: middle, hi: node.hi }, rank);
  };
  for (const sum of isDone ? work : arrivals) {
    const arrival = arrivals.find(
      ({ rank, ...node }) => rank === sum.rank && isSameNode(node, sum),
    );
    add({ ...sum, ms: arrival?.ms, isKnown: true });
  }
  // Who was asked last works on it now.
  for (const { purpose, answeredAtMs, lostAtMs, rank, ...share } of [...shares].reverse())
    if (!isDone && purpose === 'need' && (answeredAtMs ?? lostAtMs) === undefined)
      for (const node of maximalSubtrees(leafCount, share)) expect(node, rank);
  expect({ lo: 0, hi: leafCount }, undefined);
  return sums.sort((a, b) => a.lo - b.lo);
}

export interface PlacedNode extends LeafRange {
  readonly x: number;
  readonly y: number;
  readonly radius: number;
  readonly parent: PlacedNode | undefined;
  /** Whether its halves have no room. */
  readonly isFolded: boolean;
  readonly given: GivenSum | undefined;
  readonly isKnown: boolean;
}

/** The sum that a node is a part of, and whether all of the node is known. */
export const stateOf = (sums: readonly GivenSum[], node: LeafRange) => ({
  given: sums.find((sum) => isInside(node, sum)),
  isKnown: sums.every((sum) => sum.isKnown || areDisjoint(sum, node)),
});

/** Whether a node is the sum that a worker sends. */
export const isSent = (given: GivenSum | undefined, node: LeafRange): given is GivenSum =>
  given?.rank != null && isSameNode(given, node);

/** Nodes closer than this are not drawn. */
const NODE_PIXELS = 6;
const RADIUS_MAX = 11;

/** The nodes that have room, parents first. The leaves are at `height`, the root is at 0. */
export function placeNodes(
  sums: readonly GivenSum[],
  leafCount: number,
  width: number,
  height: number,
): PlacedNode[] {
  const nodes: PlacedNode[] = [];
  const pitch = width / leafCount;
  const levelOf = (size: number) => Math.ceil(Math.log2(size));
  const levels = Math.max(1, levelOf(leafCount));
  const place = (range: LeafRange, parent: PlacedNode | undefined): void => {
    const { lo, hi } = range;
    const level = levelOf(hi - lo);
    const isFolded = level > 0 && pitch * 2 ** (level - 1) < NODE_PIXELS;
    const room = Math.min(pitch * 2 ** level, height / levels);
    const node: PlacedNode = {
      ...{ lo, hi, parent, isFolded, ...stateOf(sums, range) },
      x: ((lo + hi) / 2) * pitch,
      y: height * (1 - level / levels),
      radius: Math.max(1.5, Math.min(RADIUS_MAX, room / 2 - 2)),
    };
    nodes.push(node);
    if (level === 0 || isFolded) return;
    const middle = splitPoint(range);
    place({ lo, hi: middle }, node);
    place({ lo: middle, hi }, node);
  };
  place({ lo: 0, hi: leafCount }, undefined);
  return nodes;
}

/** Leaves in a row that one rank computes. */
export function runsOf(sums: readonly GivenSum[]): Pick<GivenSum, 'lo' | 'hi' | 'rank'>[] {
  const runs: Pick<GivenSum, 'lo' | 'hi' | 'rank'>[] = [];
  for (const { lo, hi, rank } of sums) {
    const last = runs.at(-1);
    if (last && last.rank === rank) runs[runs.length - 1] = { ...last, hi };
    else runs.push({ lo, hi, rank });
  }
  return runs;
}

/** A share whose sums do not count, and its lane below the leaves. */
export interface Copy {
  readonly share: ShareFate;
  readonly lane: number;
}

export const LANES = 2;

/** Shares that are late, lost, or computed a second time. Each has the first lane with room. */
export function copiesOf(detail: StepDetail): Copy[] {
  const copies: Copy[] = [];
  for (const share of fatesOf(detail)) {
    const { isFirst, purpose } = share;
    if (isFirst || !(isFirst === false || isMissed(share) || purpose !== 'need')) continue;
    const isTaken = (lane: number) =>
      copies.some((other) => other.lane === lane && !areDisjoint(other.share, share));
    const lane = Array.from({ length: LANES }).findIndex((_, each) => !isTaken(each));
    if (lane >= 0) copies.push({ share, lane });
  }
  return copies;
}

/** The node that an arrow key leads to. */
export function nodeBeside(
  nodes: readonly PlacedNode[],
  from: LeafRange | undefined,
  arrow: string,
): LeafRange | undefined {
  const node = from && nodes.find((each) => isSameNode(each, from));
  if (!node) return nodes[0];
  if (arrow === 'ArrowUp') return node.parent;
  if (arrow === 'ArrowDown') return nodes.find(({ parent }) => parent === node);
  const row = nodes.filter(({ y }) => y === node.y);
  return row[row.indexOf(node) + (arrow === 'ArrowRight' ? 1 : -1)];
}
