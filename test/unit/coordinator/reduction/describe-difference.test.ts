import { describe, expect, test } from 'vitest';
import {
  describeDifference,
  partsOfSum,
} from '../../../../coordinator/reduction/describe-difference.ts';
import { createWorkload } from '../../../../shared/round/workload.ts';
import { createToyDataset } from '../../../support/toy-dataset.ts';
import { toyConfig } from '../../../support/toy-run.ts';

const part = (name: string, expected: number[], actual: number[]) => ({
  name,
  expected: Float32Array.from(expected),
  actual: Float32Array.from(actual),
});

describe('the first difference', () => {
  test.for([
    [[1], [1], undefined],
    [[1, 2], [1, 2 + 2 ** -22], 'b differs in the last bit, in 1 of 2 values: value 1 is'],
    [[0], [-0], 'b differs in the last bit, in 1 of 1 values: value 0 is'],
    [
      [1, 1],
      [1 + 3 * 2 ** -23, 1 - 2 ** -24],
      'b differs by up to 3 units in the last place, in 2',
    ],
    [[1], [-1], 'b differs by more than a rounding, in 1 of 1 values: value 0 is -1 instead of 1'],
    [[1], [Number.NaN], 'b differs by more than a rounding'],
    [[1, 2], [1], 'b has 1 values instead of 2'],
  ] as const)('of %j and %j', ([expected, actual, text]) => {
    const parts = [part('b', [...expected], [...actual]), part('c', [1], [2])];
    const difference = describeDifference(text === undefined ? parts.slice(0, 1) : parts);
    if (text === undefined) expect(difference).toBeUndefined();
    else expect(difference).toContain(text);
  });

  test('names the part before it, which is right', () => {
    const parts = [part('a', [1], [1]), part('b', [1], [2])];
    expect(describeDifference(parts)).toMatch(/^a agrees, but b differs/);
  });
});

describe('a wrong partial sum', () => {
  const dataset = createToyDataset();
  const workload = createWorkload(toyConfig(dataset), dataset);
  const right = new Float32Array(workload.vectorLength('train')).fill(1);
  const wrongAt = (index: number) => {
    const wrong = right.slice();
    wrong[index] = 2;
    return describeDifference(partsOfSum(workload, 'train', right, wrong));
  };

  test.for([
    [workload.parameterCount + 1, /^the correct count differs/],
    [workload.parameterCount, /^the correct count agrees, but the loss differs/],
    [workload.parameterCount - 1, /^the loss agrees, but the gradient of dense2.bias differs/],
    [0, /^the gradient of dense1.bias agrees, but the gradient of dense1.weight differs/],
  ] as const)('is compared as it was computed: value %i', ([index, text]) => {
    expect(wrongAt(index)).toMatch(text);
  });

  test('of an evaluation has a loss and a correct count', () => {
    const parts = partsOfSum(workload, 'test', Float32Array.of(1, 2), Float32Array.of(1, 2));
    expect(parts.map(({ name }) => name)).toEqual(['the correct count', 'the loss']);
  });
});
