import { describe, expect, test } from 'vitest';
import {
  columnsOf,
  NEWEST_STEPS,
  shownBuckets,
} from '../../../../../../coordinator/dashboard/page/cluster/step-columns.ts';
import type { StepBucket } from '../../../../../../coordinator/dashboard/steps/step-history.ts';
import { merge } from '../../../../../../coordinator/dashboard/steps/step-history.ts';
import { toyBucket } from '../../../../../support/toy-view.ts';

const stepsFrom = (from: number, count: number): StepBucket[] =>
  Array.from({ length: count }, (_, i) => toyBucket(from + i));
const countSteps = (values: Float64Array, { from, to }: StepBucket) => {
  values[0] += to - from;
};

describe('the columns of a chart', () => {
  test('are as many as fit, without a gap, and have all steps', () => {
    for (const [first, count, columnsMax] of [
      [0, 1, 100],
      [7, 100, 100],
      [1, 1500, 300],
      [12_345, 999, 7],
    ]) {
      const columns = columnsOf(stepsFrom(first, count), columnsMax, 1, countSteps);
      expect(columns.length).toBeLessThanOrEqual(columnsMax + 1);
      expect([columns[0].from, columns[columns.length - 1].to]).toEqual([first, first + count]);
      for (const [i, { from, to, values }] of columns.entries()) {
        expect(values[0]).toBe(to - from);
        if (i > 0) expect(from).toBe(columns[i - 1].to);
      }
    }
  });

  test('are as wide as a bucket that is wider', () => {
    const wide = stepsFrom(0, 64).reduce(merge);
    const columns = columnsOf([wide, ...stepsFrom(64, 4)], 100, 1, countSteps);
    expect(columns.map(({ from, to }) => [from, to])).toEqual([
      [0, 64],
      [64, 65],
      [65, 66],
      [66, 67],
      [67, 68],
    ]);
  });

  test('are none without a step', () => {
    expect(columnsOf([], 100, 1, countSteps)).toEqual([]);
    expect(columnsOf(stepsFrom(3, 2), 0, 1, countSteps)).toHaveLength(2);
  });
});

test('the newest steps are those that are known one by one', () => {
  const buckets = stepsFrom(50, 1000);
  expect(shownBuckets(buckets, 'all')).toEqual(buckets);
  const newest = shownBuckets(buckets, 'newest');
  expect([newest.length, newest.at(-1)]).toEqual([NEWEST_STEPS, buckets.at(-1)]);
  expect(shownBuckets(buckets.slice(0, 5), 'newest')).toHaveLength(5);
  expect(shownBuckets([], 'newest')).toEqual([]);
});
