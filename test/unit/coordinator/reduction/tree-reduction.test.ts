import assert from 'node:assert';
import { describe, expect, test } from 'vitest';
import { createBufferPool } from '../../../../coordinator/reduction/buffer-pool.ts';
import { type AddHalves, TreeReduction } from '../../../../coordinator/reduction/tree-reduction.ts';
import { type LeafRange, maximalSubtrees, splitPoint } from '../../../../shared/reduction-tree.ts';
import { createDraws } from '../../../support/simulation/draws.ts';
import { naiveEngine } from '../../../support/toy-run.ts';

const LENGTH = 3;
const { addInto } = naiveEngine.kernels;
const addHalves: AddHalves = (_node, half, otherHalf) => addInto(half, otherHalf);

/** Leaves whose sum depends on the order of addition. */
function leavesOf(leafCount: number): Float32Array[] {
  const draws = createDraws(leafCount);
  return Array.from({ length: leafCount }, () => draws.floats(LENGTH, 10 ** draws.integer(-6, 6)));
}

/** The definition of a node's sum: left half plus right half. */
function sumOf(leaves: Float32Array[], node: LeafRange): Float32Array {
  if (node.hi - node.lo === 1) return leaves[node.lo].slice();
  const middle = splitPoint(node);
  const sum = sumOf(leaves, { lo: node.lo, hi: middle });
  addInto(sum, sumOf(leaves, { lo: middle, hi: node.hi }));
  return sum;
}

describe('a tree reduction', () => {
  test.for([1, 2, 3, 7, 13, 16, 40])(
    'of %i leaves gives the same bits for partial sums in any size and order',
    (leafCount) => {
      const leaves = leavesOf(leafCount);
      const expected = sumOf(leaves, { lo: 0, hi: leafCount });
      const draws = createDraws(99);
      for (let trial = 0; trial < 100; trial++) {
        const held = new Set<Float32Array>();
        const reduction = new TreeReduction(leafCount, addHalves, {
          acquire: () => assert.fail('no sum is incomplete'),
          release(vector) {
            // The next owner may overwrite a released vector at once.
            expect(held.delete(vector)).toBe(true);
            vector.fill(NaN);
          },
        });
        while (!reduction.root()) {
          const lo = draws.integer(0, leafCount - 1);
          const share = { lo, hi: draws.integer(lo + 1, leafCount) };
          for (const node of maximalSubtrees(leafCount, share)) {
            const missingBefore = JSON.stringify(reduction.missing());
            const vector = sumOf(leaves, node);
            held.add(vector);
            const isNew = reduction.offer({ node, vector });
            if (!isNew) held.delete(vector);
            expect(JSON.stringify(reduction.missing()) !== missingBefore).toBe(isNew);
          }
        }
        expect(reduction.root()).toEqual(expected);
        expect(reduction.missing()).toEqual([]);
        // The reduction released every vector except the root.
        expect(held.size).toBe(1);
      }
    },
  );

  test.for([1, 2, 3, 7, 13, 16])(
    'of %i leaves adds incomplete sums to the same bits, even if some are discarded',
    (leafCount) => {
      const leaves = leavesOf(leafCount);
      const expected = sumOf(leaves, { lo: 0, hi: leafCount });
      const draws = createDraws(7);
      let partCount = 0;
      for (let trial = 0; trial < 200; trial++) {
        const held = new Set<Float32Array>();
        const acquire = (length: number) => {
          const vector = new Float32Array(length).fill(NaN);
          held.add(vector);
          return vector;
        };
        const release = (vector: Float32Array) => {
          expect(held.delete(vector)).toBe(true);
          vector.fill(NaN);
        };
        const reduction = new TreeReduction(leafCount, addHalves, { acquire, release });
        let incoming: { node: LeafRange; vector: Float32Array; length: number }[] = [];
        let known = 0;
        const advance = () => {
          const part = reduction.advance();
          if (!part) return;
          expect(part.from).toBe(known);
          known = part.to;
          expect(part.root.subarray(0, known)).toEqual(expected.subarray(0, known));
          if (known < LENGTH) partCount++;
        };
        while (!reduction.root()) {
          const share = draws.chance(0.2)
            ? { lo: 0, hi: leafCount }
            : draws.pick(reduction.missing());
          const node = draws.pick(maximalSubtrees(leafCount, share));
          if (incoming.length < 6) incoming.push({ node, vector: acquire(LENGTH), length: 0 });
          const one = draws.pick(incoming);
          const values = sumOf(leaves, one.node).subarray(one.length, one.length + 1);
          one.vector.set(values, one.length++);
          if (draws.chance(0.1)) {
            reduction.discard(one.vector);
            release(one.vector);
          } else if (one.length < LENGTH) {
            reduction.extend({ ...one });
            advance();
            continue;
          } else if (!reduction.offer(one)) release(one.vector);
          incoming = incoming.filter((other) => other !== one);
          advance();
          if (!draws.chance(0.05)) continue;
          reduction.restart();
          known = 0;
        }
        expect(reduction.root()).toEqual(expected);
        for (const { vector } of incoming) {
          reduction.discard(vector);
          release(vector);
        }
        expect([...held]).toEqual([reduction.root()]);
      }
      expect(partCount).toBeGreaterThan(100);
    },
  );

  test('names the missing leaves', () => {
    const reduction = new TreeReduction(
      8,
      addHalves,
      createBufferPool((length) => new Float32Array(length)),
    );
    const offer = (lo: number, hi: number) =>
      reduction.offer({ node: { lo, hi }, vector: new Float32Array(LENGTH) });
    expect(reduction.missing()).toEqual([{ lo: 0, hi: 8 }]);
    offer(2, 3);
    offer(4, 6);
    expect(reduction.missing()).toEqual([
      { lo: 0, hi: 2 },
      { lo: 3, hi: 4 },
      { lo: 6, hi: 8 },
    ]);
    expect(offer(4, 5)).toBe(false);
    expect(offer(4, 8)).toBe(true);
    expect(reduction.missing()).toEqual([
      { lo: 0, hi: 2 },
      { lo: 3, hi: 4 },
    ]);
    expect(reduction.root()).toBeUndefined();
  });

  test('rejects a range that is not a node of its tree', () => {
    const reduction = new TreeReduction(
      8,
      addHalves,
      createBufferPool((length) => new Float32Array(length)),
    );
    expect(() =>
      reduction.offer({ node: { lo: 1, hi: 3 }, vector: new Float32Array(LENGTH) }),
    ).toThrow('no node');
  });
});
