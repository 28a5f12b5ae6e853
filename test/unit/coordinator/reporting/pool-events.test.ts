import { expect, test } from 'vitest';
import { addCounters, createCounters } from '../../../../coordinator/reporting/pool-events.ts';

test('the counters of two coordinators of a run are added up', () => {
  const first = { ...createCounters(), lateShares: 3, sentBytes: 100 };
  const second = { ...createCounters(), lateShares: 2, wrongSums: 1 };
  const sum = { ...createCounters(), lateShares: 5, wrongSums: 1, sentBytes: 100 };
  expect(addCounters(first, second)).toEqual(sum);
});

test('counters that are not known change nothing', () => {
  const known = { ...createCounters(), lateShares: 3 };
  expect(addCounters(null, known)).toEqual(known);
  expect(addCounters(known, null)).toEqual(known);
  expect(addCounters(null, null)).toBeNull();
  const { wrongSums: _, ...old } = known;
  expect(addCounters(old as typeof known, known)).toEqual({ ...createCounters(), lateShares: 6 });
});
