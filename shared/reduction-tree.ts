import { assert } from './assert.ts';

/**
 * The binary tree over which all sums are taken. Its leaves are [0, leafCount): the micro-batches
 * of a step, or the parts of a set that is evaluated. The node [lo, hi) splits at lo + (the largest
 * power of two below hi - lo). Floating-point addition is not associative. So this tree defines the
 * result, and the order in which answers arrive does not.
 */

/** A contiguous range of leaves: a share or a tree node. `lo` is included, `hi` is not. */
export interface LeafRange {
  readonly lo: number;
  readonly hi: number;
}

/** The leaf at which a node of at least two leaves splits into [lo, middle) and [middle, hi). */
export function splitPoint({ lo, hi }: LeafRange): number {
  assert(hi - lo >= 2, `a node of ${hi - lo} leaves has no split point`);
  return lo + 2 ** (31 - Math.clz32(hi - lo - 1));
}

/** The nodes from the root down to `node`, both included. Undefined if the tree lacks this node. */
export function pathTo(leafCount: number, node: LeafRange): LeafRange[] | undefined {
  const path: LeafRange[] = [];
  let lo = 0;
  let hi = leafCount;
  while (lo <= node.lo && node.hi <= hi && lo < hi) {
    path.push({ lo, hi });
    if (lo === node.lo && hi === node.hi) return path;
    if (hi - lo === 1) return undefined;
    const middle = splitPoint({ lo, hi });
    if (node.lo < middle) hi = middle;
    else lo = middle;
  }
  return undefined;
}

/**
 * The largest nodes of the tree that lie inside `share`, in ascending order. A worker sends one
 * vector for each of them. There is one node if the share is itself a node. Otherwise there are
 * never more than 2·log2(leafCount).
 */
export function maximalSubtrees(leafCount: number, share: LeafRange): LeafRange[] {
  const within = (node: LeafRange): LeafRange[] => {
    if (node.hi <= share.lo || share.hi <= node.lo) return [];
    if (share.lo <= node.lo && node.hi <= share.hi) return [node];
    const middle = splitPoint(node);
    return [...within({ lo: node.lo, hi: middle }), ...within({ lo: middle, hi: node.hi })];
  };
  return share.lo < share.hi ? within({ lo: 0, hi: leafCount }) : [];
}

/** Whether `inner` lies inside `outer`, or is the same range. */
export function isInside(inner: LeafRange, outer: LeafRange): boolean {
  return outer.lo <= inner.lo && inner.hi <= outer.hi;
}

export const areDisjoint = (a: LeafRange, b: LeafRange): boolean => a.hi <= b.lo || b.hi <= a.lo;

export const isSameNode = (a: LeafRange, b: LeafRange): boolean => a.lo === b.lo && a.hi === b.hi;

/** A description for people: "micro-batch 3" or "micro-batches 4-7". */
export const describeMicroBatches = ({ lo, hi }: LeafRange): string =>
  hi - lo === 1 ? `micro-batch ${lo}` : `micro-batches ${lo}-${hi - 1}`;

/** The same for the leaves of an evaluation: "part 3" or "parts 4-7". */
export const describeParts = ({ lo, hi }: LeafRange): string =>
  hi - lo === 1 ? `part ${lo}` : `parts ${lo}-${hi - 1}`;

/** The parts of `range` outside `hole`: up to two ranges. */
export function subtract(range: LeafRange, hole: LeafRange): LeafRange[] {
  return [
    { lo: range.lo, hi: Math.min(range.hi, hole.lo) },
    { lo: Math.max(range.lo, hole.hi), hi: range.hi },
  ].filter(({ lo, hi }) => lo < hi);
}
