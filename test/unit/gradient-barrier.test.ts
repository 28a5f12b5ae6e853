import { describe, expect, test } from 'vitest';
import { type AddHalves, GradientBarrier } from '../../coordinator/gradient-barrier.ts';
import { type LeafRange, maximalSubtrees, splitPoint } from '../../shared/reduction-tree.ts';
import { createDraws } from '../support/draws.ts';
import { naiveEngine } from '../support/toy-run.ts';

const LENGTH = 3;
const { addInto } = naiveEngine.kernels;
const addHalves: AddHalves = (_node, half, otherHalf) => addInto(half, otherHalf);

/** Leaves whose sum depends on the order of addition. */
function leavesOf(leafCount: number): Float32Array[] {
  const draws = createDraws(leafCount);
  return Array.from({ length: leafCount }, () => draws.floats(LENGTH, 10 ** draws.integer(-6, 6)));
}

/** The definition: left half plus right half. */
function sumOf(leaves: Float32Array[], node: LeafRange): Float32Array {
  if (node.hi - node.lo === 1) return leaves[node.lo].slice();
  const middle = splitPoint(node);
  const sum = sumOf(leaves, { lo: node.lo, hi: middle });
  addInto(sum, sumOf(leaves, { lo: middle, hi: node.hi }));
  return sum;
}

describe('the gradient barrier', () => {
  test.for([1, 2, 3, 7, 13, 16, 40])(
    'of %i leaves gives the same bits for answers of any size, order and number',
    (leafCount) => {
      const leaves = leavesOf(leafCount);
      const expected = sumOf(leaves, { lo: 0, hi: leafCount });
      const draws = createDraws(99);
      for (let trial = 0; trial < 100; trial++) {
        const held = new Set<Float32Array>();
        const barrier = new GradientBarrier(leafCount, addHalves, (vector) => {
          // Whatever is given back may be overwritten at once.
          expect(held.delete(vector)).toBe(true);
          vector.fill(NaN);
        });
        while (!barrier.root()) {
          const lo = draws.integer(0, leafCount - 1);
          const share = { lo, hi: draws.integer(lo + 1, leafCount) };
          for (const node of maximalSubtrees(leafCount, share)) {
            const missingBefore = JSON.stringify(barrier.missing());
            const vector = sumOf(leaves, node);
            held.add(vector);
            const isNew = barrier.offer(node, vector);
            if (!isNew) held.delete(vector);
            expect(JSON.stringify(barrier.missing()) !== missingBefore).toBe(isNew);
          }
        }
        expect(barrier.root()).toEqual(expected);
        expect(barrier.missing()).toEqual([]);
        // No vector is lost: all but the root were given back.
        expect(held.size).toBe(1);
      }
    },
  );

  test('says what is missing', () => {
    const barrier = new GradientBarrier(8, addHalves, () => {});
    const offer = (lo: number, hi: number) => barrier.offer({ lo, hi }, new Float32Array(LENGTH));
    expect(barrier.missing()).toEqual([{ lo: 0, hi: 8 }]);
    offer(2, 3);
    offer(4, 6);
    expect(barrier.missing()).toEqual([
      { lo: 0, hi: 2 },
      { lo: 3, hi: 4 },
      { lo: 6, hi: 8 },
    ]);
    expect(offer(4, 5)).toBe(false);
    expect(offer(4, 8)).toBe(true);
    expect(barrier.missing()).toEqual([
      { lo: 0, hi: 2 },
      { lo: 3, hi: 4 },
    ]);
    expect(barrier.root()).toBeUndefined();
  });

  test('takes no range that is not a node of its tree', () => {
    const barrier = new GradientBarrier(8, addHalves, () => {});
    expect(() => barrier.offer({ lo: 1, hi: 3 }, new Float32Array(LENGTH))).toThrow('no node');
  });
});
