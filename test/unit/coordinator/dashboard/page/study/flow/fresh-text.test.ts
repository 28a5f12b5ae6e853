import { expect, test } from 'vitest';
import {
  freshSentence,
  WEIGHTS,
} from '../../../../../../../coordinator/dashboard/page/study/flow/fresh-text.ts';

test.for([
  [
    [
      [0.001, 1],
      [0.5, 1],
    ],
    'With sigmoid, gradients vanish; with ReLU, gradients reach the first layer.',
  ],
  [
    [
      [0.5, 1],
      [700, 1],
    ],
    'With sigmoid, gradients reach the first layer; with ReLU, gradients explode.',
  ],
  [
    [
      [0, 1],
      [0.001, 1],
    ],
    'With both, gradients vanish.',
  ],
])('of %j', ([norms, sentence]) => {
  expect(freshSentence(norms as number[][])).toBe(sentence);
});

test('the weights to choose from have names', () => {
  for (const { text, factor } of Object.values(WEIGHTS)) {
    expect(text).not.toBe('');
    expect(factor).toBeGreaterThan(0);
  }
});
