import { expect, test } from 'vitest';
import {
  differenceNorms,
  tensorNorms,
  trainedTensors,
} from '../../../../shared/study/tensor-norms.ts';

const tensor = (name: string, offset: number, isAverage = false) => ({
  ...{ name, offset, isAverage },
  shape: [2],
  initial: 0,
});
const plan = { tensors: [tensor('a', 0), tensor('b', 2), tensor('mean', 4, true)] };

test('each trained tensor has its own norm, and running averages have none', () => {
  expect(trainedTensors(plan).map(({ name }) => name)).toEqual(['a', 'b']);
  expect(tensorNorms(plan, Float32Array.of(3, 4, 0, -2, 9, 9))).toEqual([5, 2]);
});

test('so has the difference of two buffers', () => {
  const [after, before] = [Float32Array.of(4, 6, 1, 1, 9, 9), Float32Array.of(1, 2, 1, 1, 0, 0)];
  expect(differenceNorms(plan, after, before)).toEqual([5, 0]);
});

test('huge values have a norm', () => {
  const [norm] = tensorNorms(plan, Float32Array.of(1.5e38, 2e38, 0, 0));
  expect(norm / 2.5e38).toBeCloseTo(1, 6);
});
