import { expect, test } from 'vitest';
import {
  futuresSentence,
  futuresTable,
  lastLoss,
  offChart,
} from '../../../../../../../coordinator/dashboard/page/study/what-if/futures-text.ts';

const futures = { factor: 10, step: 860, stepCount: 3, own: [2, 1, 0.5], other: [2, 3, 4] };

test('the sentence compares the last losses', () => {
  expect(futuresSentence(futures)).toBe(
    'From step 860 with 10 times the learning rate, the mean loss of the last 3 of 3 steps is ' +
      '3.000; with the run’s own, 1.167.',
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

test('a branch within the chart needs no words', () => {
  expect(offChart([], 3)).toBeUndefined();
  expect(offChart([1, 2, 3], 3)).toBeUndefined();
});

test('a branch that leaves the chart says how far it goes, from where it leaves', () => {
  expect(offChart([1, 5, 40, 2], 3)).toEqual({ from: 1, to: 2, text: '↑ up to 40.00' });
});

test('a branch that diverges says so, where it leaves the chart', () => {
  expect(offChart([1, 5, 40, Number.NaN], 3)).toEqual({
    from: 1,
    to: 3,
    text: '↑ diverges: no number after 3 steps',
  });
  expect(offChart([1, Number.POSITIVE_INFINITY], 3)?.from).toBe(1);
});
