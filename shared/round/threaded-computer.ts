import type { Engine } from '../engine/engine.ts';
import type { ThreadTeam } from '../engine/threads/thread-team.ts';
import { isSameNode, type LeafRange, maximalSubtrees, splitPoint } from '../reduction-tree.ts';
import { addHalves } from './node-sum.ts';
import type { PartialSum } from './partial-sum.ts';
import type { PartialSumComputer } from './partial-sum-computer.ts';
import { ROUND_KINDS, type Round, type Workload } from './workload.ts';

/*
 * How threads sum a share.
 *
 * Each thread sums a part of the leaves, as a worker of its own would. Then the sums are added in
 * the tree. So no product is split, and the bits are those of one thread.
 *
 *     leaves    0 1 2 3 4 5 6 7 │ 8 9 10 11 12 13 14 15
 *               this thread     │ another one              they meet once per share
 */

/** Sums shares by `own`, which computes in this thread, and by the threads of the team. */
export function createThreadedComputer(
  own: PartialSumComputer,
  team: ThreadTeam,
  engine: Engine,
  workload: Workload,
): PartialSumComputer {
  const keep = createKeeper(engine, workload);

  function* sumNode(
    round: Round,
    node: LeafRange,
    parameters: Float32Array,
  ): Generator<PartialSum | undefined> {
    const [ownPart, ...parts] = divideLeaves(node, team.freeCount());
    if (parts.length === 0) return yield* own.compute(round, node, parameters);
    const kind = ROUND_KINDS.indexOf(round.kind);
    const { byteOffset: address, length } = parameters;
    for (const [thread, leaves] of parts.entries())
      team.begin(thread, {
        ...{ kind, step: round.step, leaves, parameters: { address, length }, into: [] },
      });

    const sums: PartialSum[] = [];
    for (const sum of own.compute(round, ownPart, parameters)) {
      if (sum) sums.push(keep(sum, sums.length, nodesOf(round, ownPart).length));
      else yield;
    }
    for (const [thread, leaves] of parts.entries()) {
      let addresses = team.awaitSums(thread);
      for (; !addresses; addresses = team.awaitSums(thread)) yield;
      const vectorLength = workload.vectorLength(round.kind);
      for (const [i, inner] of nodesOf(round, leaves).entries())
        sums.push({
          node: inner,
          vector: new Float32Array(parameters.buffer, addresses[i], vectorLength),
        });
    }
    yield { node, vector: joinSums(node, sums, addFor(round)) };
  }

  const addFor =
    ({ kind }: Round) =>
    (node: LeafRange, left: Float32Array, right: Float32Array) =>
      addHalves(engine.kernels, workload, kind, node, left, right);

  const nodesOf = ({ kind }: Round, leaves: LeafRange) =>
    maximalSubtrees(workload.leafCount(kind), leaves);

  return {
    *compute(round, share, parameters) {
      try {
        for (const node of nodesOf(round, share)) yield* sumNode(round, node, parameters);
      } finally {
        team.abandon();
      }
    },
  };
}

/**
 * Adds up the sums inside a node, each into its left neighbor's vector. Returns the node's vector.
 */
export function joinSums(
  node: LeafRange,
  sums: readonly PartialSum[],
  add: (node: LeafRange, left: Float32Array, right: Float32Array) => void,
): Float32Array {
  const known = sums.find((sum) => isSameNode(sum.node, node));
  if (known) return known.vector;
  const middle = splitPoint(node);
  const left = joinSums({ lo: node.lo, hi: middle }, sums, add);
  add(node, left, joinSums({ lo: middle, hi: node.hi }, sums, add));
  return left;
}

/**
 * Divides a node's leaves into at most `count` contiguous parts, about equally long. The edges are
 * as even as they can be without making the longest part longer: then the parts have few subtrees.
 */
export function divideLeaves({ lo, hi }: LeafRange, count: number): LeafRange[] {
  const leafCount = hi - lo;
  const longest = Math.ceil(leafCount / count);
  for (let grain = 2 ** Math.ceil(Math.log2(longest)); ; grain /= 2) {
    const edges = Array.from({ length: count + 1 }, (_, i) =>
      i === count ? leafCount : grain * Math.round((i * leafCount) / count / grain),
    );
    const parts = edges.slice(1).map((end, i) => ({ lo: lo + edges[i], hi: lo + end }));
    if (grain === 1 || parts.every((part) => part.hi - part.lo <= longest))
      return parts.filter((part) => part.lo < part.hi);
  }
}

/**
 * Returns a function that keeps a sum of a share until the share is done: the next one overwrites
 * its vector, so all but the last one are copied.
 */
export function createKeeper({ allocate }: Engine, workload: Workload) {
  const kept: Float32Array[] = [];
  return (sum: PartialSum, index: number, count: number): PartialSum => {
    if (index === count - 1) return sum;
    kept[index] ??= allocate(workload.vectorLength('train'));
    const copy = kept[index].subarray(0, sum.vector.length);
    copy.set(sum.vector);
    return { node: sum.node, vector: copy };
  };
}
