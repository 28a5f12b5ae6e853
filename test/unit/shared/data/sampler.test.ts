import { describe, expect, test } from 'vitest';
import { createSampler, splitTrainingSet } from '../../../../shared/data/sampler.ts';

const examples = Uint32Array.from({ length: 103 }, (_, i) => 2 * i);

describe('an epoch', () => {
  test.for([
    { globalBatch: 20, microBatchCount: 8 },
    { globalBatch: 20, microBatchCount: 7 },
    { globalBatch: 103, microBatchCount: 1 },
    { globalBatch: 500, microBatchCount: 16 },
    { globalBatch: 1, microBatchCount: 1 },
  ])(
    'with a global batch of $globalBatch uses every example exactly once',
    ({ globalBatch, microBatchCount }) => {
      const sampler = createSampler(examples, globalBatch, microBatchCount, 1);
      for (const epoch of [0, 1]) {
        const used: number[] = [];
        for (let i = 0; i < sampler.stepsPerEpoch; i++) {
          const step = epoch * sampler.stepsPerEpoch + i;
          const sizes: number[] = [];
          for (let microBatch = 0; microBatch < microBatchCount; microBatch++) {
            const indices = sampler.microBatch(step, microBatch);
            sizes.push(indices.length);
            used.push(...indices);
          }
          expect(sizes.reduce((a, b) => a + b)).toBe(sampler.globalBatchSize(step));
          expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(1);
        }
        expect(used.toSorted((a, b) => a - b)).toEqual(Array.from(examples));
      }
    },
  );

  test('ends with a smaller global batch if the examples do not divide evenly', () => {
    const sampler = createSampler(examples, 20, 8, 1);
    expect([0, 4, 5, 6].map(sampler.globalBatchSize)).toEqual([20, 20, 3, 20]);
  });

  test('has its own order, even if steps are requested in another order', () => {
    const inOrder = createSampler(examples, 20, 4, 1);
    const steps = Array.from({ length: 18 }, (_, step) => Array.from(inOrder.microBatch(step, 2)));
    expect(steps[0]).not.toEqual(steps[6]);
    const backwards = createSampler(examples, 20, 4, 1);
    for (let step = 17; step >= 0; step--)
      expect(Array.from(backwards.microBatch(step, 2))).toEqual(steps[step]);
  });

  test('has an order that depends on the seed', () => {
    const draw = (seed: number) =>
      Array.from(createSampler(examples, 20, 4, seed).microBatch(0, 0));
    expect(draw(1)).toEqual(draw(1));
    expect(draw(1)).not.toEqual(draw(2));
  });
});

test('the training and validation sets are disjoint and contain every example', () => {
  const { training, validation } = splitTrainingSet(1000, 150, 3);
  expect([training.length, validation.length]).toEqual([850, 150]);
  expect([...training, ...validation].toSorted((a, b) => a - b)).toEqual(
    Array.from({ length: 1000 }, (_, i) => i),
  );
  expect(splitTrainingSet(1000, 150, 4).validation).not.toEqual(validation);
  expect(splitTrainingSet(10, 0, 1).validation).toHaveLength(0);
});
