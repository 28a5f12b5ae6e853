import { describe, expect, test } from 'vitest';
import {
  addParts,
  PART_ROWS,
  partsTable,
  partsTitle,
  toMeans,
  topOf,
} from '../../../../../../coordinator/dashboard/page/cluster/parts-text.ts';
import { createStepHistory } from '../../../../../../coordinator/dashboard/steps/step-history.ts';
import { toyBucket, toyView } from '../../../../../support/toy-view.ts';

const breakdown = {
  ...{ compute: 6, slowest: 2, broadcast: 1, serialise: 0, wire: 0.5, reduce: 0.25, update: 0.25 },
  between: 0,
};

function viewOf(timed: readonly boolean[], facts: { hasCluster?: boolean } = {}) {
  const history = createStepHistory();
  for (const [step, isTimed] of timed.entries())
    history.add([toyBucket(step, { breakdown: isTimed ? breakdown : undefined })]);
  return toyView({ history, facts });
}

describe('the title of the parts', () => {
  test('says how much is computing, and what the largest other part is', () => {
    expect(partsTitle(viewOf([true, false, true]))).toBe(
      '60 % of a step is computing; ' +
        'the largest other part is waiting for the slowest, 2.0 ms of 10 ms.',
    );
  });

  test('says why there is nothing to see', () => {
    expect(partsTitle(viewOf([false]))).toMatch(/^No step/);
    expect(partsTitle(viewOf([], { hasCluster: false }))).toMatch(/^One process/);
  });
});

test('a column has the means of its timed steps', () => {
  const values = new Float64Array(PART_ROWS);
  for (const isTimed of [true, false, true])
    addParts(values, toyBucket(0, { breakdown: isTimed ? breakdown : undefined }));
  toMeans(values);
  expect([...values].slice(0, 8)).toEqual([6, 2, 1, 0, 0.5, 0.25, 0.25, 0]);
});

test('the chart is as high as the longest step, unless few are much longer', () => {
  const steps = (times: readonly number[]) =>
    times.map((compute) => toyBucket(0, { breakdown: { ...breakdown, compute: compute - 4 } }));
  expect(topOf(steps([10, 11, 12, 14]))).toEqual({ top: 14, isCut: false });
  const most = Array.from({ length: 20 }, () => 10);
  expect(topOf(steps([...most, 500]))).toEqual({ top: 12.5, isCut: true });
  expect(topOf([])).toEqual({ top: 1, isCut: false });
});

test('the table has the means of each timed bucket', () => {
  const { columns, rows } = partsTable(viewOf([true, false]));
  expect(rows).toEqual([[0, 0, 6, 2, 1, 0, 0.5, 0.25, 0.25, 0]]);
  expect(columns.map(({ unit }) => unit)).toEqual([undefined, undefined, ...Array(8).fill('ms')]);
});
