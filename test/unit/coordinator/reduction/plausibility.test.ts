import { expect, test } from 'vitest';
import { createPlausibility } from '../../../../coordinator/reduction/plausibility.ts';
import type { Workload } from '../../../../shared/round/workload.ts';
import { naiveEngine } from '../../../support/toy-run.ts';

/** Whether such a sum over 10 examples is plausible. */
function isPlausible(gradient: number[], lossSum: number, correctCount: number): boolean {
  const workload = { model: { classCount: 3 } as Workload['model'], exampleCount: () => 10 };
  const check = createPlausibility(naiveEngine.kernels, workload, { kind: 'train', step: 0 });
  const vector = Float32Array.of(...gradient, lossSum, correctCount);
  return check({ node: { lo: 0, hi: 1 }, vector });
}

test.for([
  [[0.5, -3], 23, 10],
  [[0, 0], 0, 0],
  [[], 1e9, 3],
  [[4.6e18, -4.6e18], 1, 3],
] as const)('a sum with the gradient %j, the loss %d and the count %d is plausible', (sum) => {
  const [gradient, lossSum, correctCount] = sum;
  expect(isPlausible([...gradient], lossSum, correctCount)).toBe(true);
});

test.for([
  ['more correct predictions than examples', [], 1, 11],
  ['a part of a correct prediction', [], 1, 9.5],
  ['fewer correct predictions than none', [], 1, -1],
  ['no number of correct predictions', [], 1, Number.NaN],
  ['a negative loss', [], -0.1, 3],
  ['no loss', [], Number.NaN, 3],
  ['an infinite loss', [], Number.POSITIVE_INFINITY, 3],
  ['a huge gradient', [1, 3e38], 1, 3],
  ['no gradient', [Number.NaN, 1], 1, 3],
] as const)('a sum with %s is not plausible', ([, gradient, lossSum, correctCount]) => {
  expect(isPlausible([...gradient], lossSum, correctCount)).toBe(false);
});
