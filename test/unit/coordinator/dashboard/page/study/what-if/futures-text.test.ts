import { expect, test } from 'vitest';
import {
  futuresSentence,
  futuresTable,
  lastLoss,
} from '../../../../../../../coordinator/dashboard/page/study/what-if/futures-text.ts';

const futures = { factor: 10, step: 860, stepCount: 3, own: [2, 1, 0.5], other: [2, 3, 4] };

test('the sentence compares the last losses', () => {
  expect(futuresSentence(futures)).toBe(
    'From step 860 with 10 times the learning rate, the loss after 3 steps is 3.000; ' +
      'with the run’s own, 1.167.',
  );
  expect(lastLoss(Array.from({ length: 20 }, (_, i) => i))).toBe(14.5);
});

test('a branch that diverges is said to', () => {
  expect(futuresSentence({ ...futures, other: [2, Number.NaN] })).toBe(
    'From step 860 with 10 times the learning rate, training diverges after 1 step.',
  );
  expect(futuresSentence({ ...futures, own: [2, Number.NaN], other: [2, 1, 1] })).toBe(
    'From step 860, training diverges.',
  );
});

test('the table has a row for each step', () => {
  expect(futuresTable({ ...futures, other: [2, Number.NaN] }).rows).toEqual([
    [860, 2, 2],
    [861, 1, null],
    [862, 0.5, null],
  ]);
  expect(futuresTable(undefined).rows).toEqual([]);
});
