import { describe, expect, test } from 'vitest';
import { GradientBarrier } from '../../coordinator/gradient-barrier.ts';
import { createVectorStore } from '../../coordinator/vector-store.ts';
import { addHalves } from '../../shared/node-sum.ts';
import { chunksOf, placeChunk, travellingPart } from '../../shared/protocol/chunks.ts';
import { type LeafRange, maximalSubtrees } from '../../shared/reduction-tree.ts';
import { createDraws } from '../support/draws.ts';
import { createToyDataset } from '../support/toy-dataset.ts';
import { createToyRun, naiveEngine, toyConfig } from '../support/toy-run.ts';

const { kernels } = naiveEngine;

describe('bfloat16', () => {
  test.for([
    ['a value of 8 significant bits stays', 1 + 2 ** -7, 1 + 2 ** -7],
    ['below the middle', 1 + 2 ** -8 - 2 ** -20, 1],
    ['above the middle', 1 + 2 ** -8 + 2 ** -20, 1 + 2 ** -7],
    ['the middle, to the even one below', 1 + 2 ** -8, 1],
    ['the middle, to the even one above', 1 + 3 * 2 ** -8, 1 + 2 ** -6],
    ['negative values alike', -1 - 3 * 2 ** -8, -1 - 2 ** -6],
    ['to the next power of two', 2 - 2 ** -9, 2],
    ['to infinity', 3.4e38, Infinity],
    ['the smallest numbers', 2 ** -149, 0],
    ['minus zero', -0, -0],
    ['NaN', NaN, NaN],
  ] as const)('rounds to the nearest: %s', ([, value, expected]) => {
    const rounded = Float32Array.of(value);
    kernels.roundToBfloat16(rounded);
    expect(rounded[0]).toBe(expected);
  });

  test('a rounded gradient travels in half its bytes and its statistics whole, and comes back as it was', () => {
    const gradientLength = 101;
    const sum = createDraws(1).floats(gradientLength + 2);
    kernels.roundToBfloat16(sum.subarray(0, gradientLength));
    const expected = sum.slice();
    kernels.narrow(sum.subarray(0, gradientLength));
    const sent = travellingPart(sum, gradientLength).slice();
    expect(sent).toHaveLength(2 * gradientLength + 4 * 2);
    for (const chunkBytes of [2, 6, 20, 1000]) {
      const vector = new Float32Array(sum.length).fill(7);
      const incoming = { vector, narrowLength: gradientLength, received: 0 };
      for (const { offset, chunk } of chunksOf(sent, chunkBytes)) {
        const length = placeChunk(incoming, offset, chunk, kernels.widen);
        expect(vector.subarray(0, length)).toEqual(expected.subarray(0, length));
      }
      expect(vector).toEqual(expected);
    }
  });
});

describe.for([1, 5, 8, 13, 16, 31, 32])(
  'with %i micro-batches and 16 bits on the wire',
  (microBatchCount) => {
    const dataset = createToyDataset();
    const config = toyConfig(dataset, { microBatchCount, wire: 'bf16' });
    const { workload, computer, server } = createToyRun(config, dataset, 1);
    const round = { kind: 'train', step: 0 } as const;
    const sums = (share: LeafRange) =>
      computer
        .compute(round, share, server.roundedParameters)
        .flatMap((sum) => (sum ? [{ node: sum.node, vector: sum.vector.slice() }] : []))
        .toArray();
    const [{ vector: root }] = sums({ lo: 0, hi: microBatchCount });

    test('the sum is the same however the micro-batches are shared out', () => {
      const draws = createDraws(microBatchCount);
      for (let attempt = 0; attempt < 20; attempt++) {
        const halves = (...args: Parameters<ConstructorParameters<typeof GradientBarrier>[1]>) =>
          addHalves(kernels, workload, 'train', ...args);
        const barrier = new GradientBarrier(microBatchCount, halves, createVectorStore(naiveEngine.allocate));
        for (let lo = 0; lo < microBatchCount; ) {
          const hi = draws.integer(lo + 1, microBatchCount);
          for (const { node, vector } of sums({ lo, hi })) barrier.offer(node, vector);
          lo = hi;
        }
        expect(barrier.root()).toEqual(root);
      }
    });

    test('as many workers get sums that travel in 16 bits as are likely, and hits are counted whole', () => {
      const rounded = root.slice();
      kernels.roundToBfloat16(rounded);
      expect(root.subarray(0, -2)).toEqual(rounded.subarray(0, -2));
      for (const workers of [1, 2, 4, 8].filter((count) => count <= microBatchCount)) {
        const size = Math.floor(microBatchCount / workers);
        const [largest] = maximalSubtrees(microBatchCount, { lo: 0, hi: size });
        expect(workload.narrowLength('train', largest)).toBe(workload.parameterCount);
      }
      expect(workload.narrowLength('test', { lo: 0, hi: 1 })).toBe(0);
    });
  },
);
