import { expect, test } from 'vitest';
import { maximalSubtrees } from '../../../../shared/reduction-tree.ts';
import { divideLeaves, joinSums } from '../../../../shared/round/threaded-computer.ts';

test.for([
  [16, 2, [8, 8]],
  [16, 3, [6, 4, 6]],
  [16, 4, [4, 4, 4, 4]],
  [16, 7, [2, 3, 2, 2, 2, 3, 2]],
  [3, 2, [2, 1]],
  [1, 4, [1]],
  [5, 1, [5]],
] as const)('%i leaves for %i threads are parts of %j', ([leafCount, threads, lengths]) => {
  const parts = divideLeaves({ lo: 32, hi: 32 + leafCount }, threads);
  expect(parts.map(({ lo, hi }) => hi - lo)).toEqual(lengths);
  expect(parts[0].lo).toBe(32);
  for (const [i, { hi }] of parts.entries()) expect(parts[i + 1]?.lo ?? 32 + leafCount).toBe(hi);
});

test('no part is longer than it must be', () => {
  for (let leafCount = 1; leafCount <= 70; leafCount++) {
    for (let threads = 1; threads <= 9; threads++) {
      const parts = divideLeaves({ lo: 0, hi: leafCount }, threads);
      const longest = Math.max(...parts.map(({ lo, hi }) => hi - lo));
      expect(longest, `${leafCount} / ${threads}`).toBeLessThanOrEqual(
        Math.ceil(leafCount / threads) + (leafCount < threads ? 1 : 0),
      );
      expect(parts.length).toBeLessThanOrEqual(threads);
    }
  }
});

test('sums are joined in the tree, each into its left neighbor', () => {
  const root = { lo: 0, hi: 11 };
  const sums = divideLeaves(root, 3)
    .flatMap((part) => maximalSubtrees(11, part))
    .map((node) => ({ node, vector: Float32Array.of(node.hi - node.lo) }));
  const joined: number[][] = [];
  const vector = joinSums(root, sums, ({ lo, hi }, left, right) => {
    left[0] += right[0];
    joined.push([lo, hi, left[0]]);
  });
  expect(vector).toBe(sums[0].vector);
  for (const [lo, hi, count] of joined) expect(count).toBe(hi - lo);
  expect(joined.at(-1)).toEqual([0, 11, 11]);
});
