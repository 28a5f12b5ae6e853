import { describe, expect, test } from 'vitest';
import {
  type LeafRange,
  maximalSubtrees,
  pathTo,
  splitPoint,
  subtract,
} from '../../../shared/reduction-tree.ts';

function nodesOf(node: LeafRange): LeafRange[] {
  if (node.hi - node.lo === 1) return [node];
  const middle = splitPoint(node);
  return [node, ...nodesOf({ lo: node.lo, hi: middle }), ...nodesOf({ lo: middle, hi: node.hi })];
}

function* sharesOf(leafCount: number): Generator<LeafRange> {
  for (let lo = 0; lo < leafCount; lo++)
    for (let hi = lo + 1; hi <= leafCount; hi++) yield { lo, hi };
}

const LEAF_COUNTS = [1, 2, 3, 5, 8, 13, 16, 31, 64];

describe('the reduction tree', () => {
  test('splits a node at the largest power of two below its size', () => {
    const sizes = [2, 3, 4, 5, 7, 8, 9, 16, 17];
    expect(sizes.map((hi) => splitPoint({ lo: 0, hi }))).toEqual([1, 2, 2, 4, 4, 4, 8, 8, 16]);
    expect(splitPoint({ lo: 8, hi: 13 })).toBe(12);
  });

  test.for(LEAF_COUNTS)(
    'of %i leaves has a path to each of its nodes and to no other range',
    (leafCount) => {
      const root = { lo: 0, hi: leafCount };
      const nodes = new Set(nodesOf(root).map(({ lo, hi }) => `${lo}-${hi}`));
      expect(nodes.size).toBe(2 * leafCount - 1);
      for (const range of sharesOf(leafCount)) {
        const path = pathTo(leafCount, range);
        expect(path !== undefined).toBe(nodes.has(`${range.lo}-${range.hi}`));
        if (path) expect([path[0], path.at(-1)]).toEqual([root, range]);
      }
      expect(pathTo(leafCount, { lo: 0, hi: leafCount + 1 })).toBeUndefined();
      expect(pathTo(leafCount, { lo: 0, hi: 0 })).toBeUndefined();
    },
  );
});

describe('the maximal subtrees of a share', () => {
  test.for(LEAF_COUNTS)(
    'of a tree of %i leaves cover it in order with the fewest nodes',
    (leafCount) => {
      for (const share of sharesOf(leafCount)) {
        const subtrees = maximalSubtrees(leafCount, share);
        expect(
          subtrees.flatMap(({ lo, hi }) => Array.from({ length: hi - lo }, (_, i) => lo + i)),
        ).toEqual(Array.from({ length: share.hi - share.lo }, (_, i) => share.lo + i));
        for (const subtree of subtrees) expect(pathTo(leafCount, subtree)).toBeDefined();
        expect(subtrees.length).toBeLessThanOrEqual(Math.max(1, 2 * Math.log2(leafCount)));
        // No subtree could be larger, because its parent reaches outside the share.
        for (const subtree of subtrees) {
          const parent = pathTo(leafCount, subtree)?.at(-2);
          if (parent) expect(parent.lo < share.lo || parent.hi > share.hi).toBe(true);
        }
      }
    },
  );

  test('are none if the share is empty', () => {
    expect(maximalSubtrees(16, { lo: 5, hi: 5 })).toEqual([]);
  });
});

test('subtract returns the parts of a range on either side of a hole', () => {
  const range = { lo: 4, hi: 10 };
  expect(subtract(range, { lo: 6, hi: 8 })).toEqual([
    { lo: 4, hi: 6 },
    { lo: 8, hi: 10 },
  ]);
  expect(subtract(range, { lo: 0, hi: 4 })).toEqual([range]);
  expect(subtract(range, { lo: 10, hi: 12 })).toEqual([range]);
  expect(subtract(range, { lo: 0, hi: 5 })).toEqual([{ lo: 5, hi: 10 }]);
  expect(subtract(range, { lo: 4, hi: 10 })).toEqual([]);
});
