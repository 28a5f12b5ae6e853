import { describe, expect, test } from 'vitest';
import { classWeightsFor } from '../../../../coordinator/options/class-weights.ts';
import { splitTrainingSet } from '../../../../shared/data/sampler.ts';
import { LockstepError } from '../../../../shared/errors.ts';
import { createToyDataset } from '../../../support/toy-dataset.ts';

const dataset = createToyDataset();
const { count, labels } = dataset.train;
const split = { validationCount: 280, seed: 1 };

describe('balanced weights', () => {
  /** The labels that are trained with. */
  const trained = [...splitTrainingSet(count, 280, 1).training].map((index) => labels[index]);

  test('give each class the same sum, and all examples the mean 1', () => {
    const weights = classWeightsFor('balanced', dataset, split);
    const sums = [0, 0, 0];
    for (const label of trained) sums[label] += weights[label];
    for (const sum of sums) expect(sum).toBeCloseTo(trained.length / 3, 9);
    expect(new Set(weights).size).toBe(3);
  });

  test('come from the examples that are not held out', () => {
    const other = classWeightsFor('balanced', dataset, { ...split, validationCount: 0 });
    expect(other).not.toEqual(classWeightsFor('balanced', dataset, split));
  });

  test('leave out a class without examples', () => {
    const train = { ...dataset.train, labels: labels.map((label) => label % 2) };
    const [first, second, third] = classWeightsFor('balanced', { ...dataset, train }, split);
    const zeros = trained.filter((label) => label !== 1).length;
    expect([first, third]).toEqual([trained.length / (2 * zeros), 1]);
    expect(second).toBe(trained.length / (2 * (trained.length - zeros)));
  });
});

test('weights are taken as they are given', () => {
  expect(classWeightsFor([1, 2.5, 0.25], dataset, split)).toEqual([1, 2.5, 0.25]);
});

test('weights of another number of classes are refused, and so are too many classes', () => {
  const refuse = (message: RegExp, ...args: Parameters<typeof classWeightsFor>) => {
    expect(() => classWeightsFor(...args)).toThrow(LockstepError);
    expect(() => classWeightsFor(...args)).toThrow(message);
  };
  refuse(
    /^--class-weights 1,2 has 2 weights, but .* has 3 classes: give one/,
    [1, 2],
    dataset,
    split,
  );
  const { name, files } = dataset.manifest;
  const target = { name: 'angle', mean: 0, deviation: 1 };
  const numbers = { ...dataset, manifest: { name, target, files } };
  refuse(/has a number as target and no classes: leave/, 'balanced', numbers, split);
  const classNames = Array.from({ length: 1025 }, String);
  const many = { ...dataset, manifest: { ...dataset.manifest, classNames } };
  refuse(/has 1025 classes, and weights are for at most 1024/, 'balanced', many, split);
});
