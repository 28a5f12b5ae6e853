import { describe, expect, test } from 'vitest';
import {
  formatPart,
  formatTimes,
  judgeFlow,
  slowestSentence,
} from '../../../../../../../coordinator/dashboard/page/study/flow/flow-text.ts';

/** Rows from the last layer to the first; the batch normalization is not judged. */
const rows = (...norms: number[]) => [
  ...norms.map((norm, i) => ({
    name: `dense${norms.length - i}`,
    hasWeights: true,
    gradients: [1, norm],
    updates: [norm / 10],
  })),
  { name: 'norm1', hasWeights: false, gradients: [1e-9], updates: [] },
];

describe('the sentence about the gradients', () => {
  test.for([
    [
      [3, 0.1, 0.001],
      'vanish',
      'Gradients vanish: that of dense1 is 3,000 times smaller than that of dense3.',
    ],
    [
      [0.01, 4.56],
      'explode',
      'Gradients explode: that of dense1 is 460 times larger than that of dense2.',
    ],
    [[900, 4567], 'explode', 'Gradients explode: that of dense1 has the norm 4,600.'],
    [[3, 0], 'vanish', 'No gradient reaches dense1: it learns nothing.'],
    [[1, 2, 4.4], 'fine', 'The gradients of all layers are within a factor of 4.4 of one another.'],
    [[0, 0], 'none', 'The gradient is 0 everywhere.'],
    [[1, Number.NaN], 'none', 'The gradient is not known.'],
    [[1], 'none', 'Only one layer learns, so no gradient flows through another.'],
  ] as const)('of %j: %s', ([norms, kind, sentence]) => {
    const verdict = judgeFlow(rows(...norms));
    expect([verdict.kind, verdict.sentence]).toEqual([kind, sentence]);
    expect(verdict.advice !== '').toBe(kind === 'vanish' || kind === 'explode');
  });
});

test('the layer with the smallest relative update learns slowest', () => {
  expect(slowestSentence(rows(2, 0.003, 1), 'one step')).toBe(
    'dense2 learns slowest: one step changed it by 0.03 % of its length.',
  );
  expect(slowestSentence(rows(2), 'one step')).toBeUndefined();
});

test('numbers are short', () => {
  expect([1.04, 9.96, 123.4, 45678].map(formatTimes)).toEqual(['1', '10', '120', '46,000']);
  expect([0.12345, 1.2e-9].map(formatPart)).toEqual(['12 %', '1.2e-7 %']);
});
