import { expect, test } from 'vitest';
import { newestBreakdown } from '../../../../../coordinator/dashboard/steps/newest-breakdown.ts';
import { toyBucket } from '../../../../support/toy-view.ts';

const breakdown = (compute: number) => ({
  ...{ compute, slowest: 2, broadcast: 0, serialise: 0, wire: 0, reduce: 0, update: 0 },
  between: 0,
});

test('the newest breakdown is the mean over the newest timed steps', () => {
  const old = Array.from({ length: 100 }, (_, i) => toyBucket(i, { breakdown: breakdown(999) }));
  const newest = Array.from({ length: 64 }, (_, i) =>
    toyBucket(100 + i, { breakdown: breakdown(i % 2 === 0 ? 4 : 8) }),
  );
  const untimed = [toyBucket(164), toyBucket(165)];
  expect(newestBreakdown([...old, ...newest, ...untimed])).toEqual({
    parts: breakdown(6),
    steps: 64,
  });
  expect(newestBreakdown(newest.slice(0, 2))).toEqual({ parts: breakdown(6), steps: 2 });
});

test('the newest breakdown is unknown if no step was timed', () => {
  expect(newestBreakdown([])).toBeUndefined();
  expect(newestBreakdown([toyBucket(0)])).toBeUndefined();
});
