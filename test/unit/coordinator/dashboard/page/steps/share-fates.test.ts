import { describe, expect, test } from 'vitest';
import { fatesOf } from '../../../../../../coordinator/dashboard/page/steps/share-fates.ts';
import { openShare, toyShare, toyStep } from '../../../../../support/toy-step-detail.ts';

describe('what became of a share', () => {
  test('is that it was answered, late, lost or is open', () => {
    const shares = [
      toyShare(0, 0, 4),
      toyShare(1, 4, 8, { deadlineAtMs: 2 }),
      openShare(2, 8, 12, { deadlineAtMs: 2 }),
      openShare(3, 12, 14, { lostAtMs: 1 }),
      openShare(4, 14, 16),
    ];
    const fates = fatesOf(toyStep(shares));
    expect(fates.map(({ outcome }) => outcome)).toEqual([
      ...['answered', 'late', 'late', 'lost', 'open'],
    ]);
    expect(fates.every(({ replaces, isFirst }) => !replaces && isFirst === undefined)).toBe(true);
  });

  test('is that it replaces the newest earlier one over the same micro-batches', () => {
    const shares = [
      toyShare(0, 0, 8),
      openShare(1, 8, 16, { lostAtMs: 1 }),
      openShare(0, 8, 12, { startMs: 3, lostAtMs: 4 }),
      toyShare(2, 8, 12, { startMs: 4 }),
    ];
    const fates = fatesOf(toyStep(shares));
    expect(fates.map(({ replaces }) => replaces?.rank)).toEqual([undefined, undefined, 1, 0]);
  });

  test('is which copy was the first', () => {
    const shares = [
      toyShare(0, 0, 8),
      toyShare(1, 8, 16, { deadlineAtMs: 2 }),
      toyShare(0, 8, 16, { startMs: 3 }),
      toyShare(2, 0, 4, { purpose: 'trial' }),
    ];
    const work = [
      { rank: 0, lo: 0, hi: 8 },
      { rank: 0, lo: 8, hi: 16 },
    ];
    const firsts = fatesOf(toyStep(shares, { work })).map(({ isFirst }) => isFirst);
    expect(firsts).toEqual([true, false, true, false]);
  });

  test('is the first copy by arrival while the step is under way', () => {
    const shares = [
      toyShare(0, 0, 8, { answeredAtMs: 3 }),
      toyShare(1, 0, 8, { answeredAtMs: 2, purpose: 'trial' }),
      openShare(2, 0, 8, { purpose: 'audit' }),
    ];
    const arrivals = [
      { rank: 1, lo: 0, hi: 8, ms: 2 },
      { rank: 0, lo: 0, hi: 8, ms: 3 },
    ];
    const step = toyStep(shares, { isDone: false, work: [], arrivals });
    expect(fatesOf(step).map(({ isFirst }) => isFirst)).toEqual([false, true, undefined]);
  });

  test('of two shares of one worker, the later one has given a sum that both cover', () => {
    const shares = [toyShare(0, 0, 8), toyShare(0, 0, 8, { startMs: 3.5 })];
    const fates = fatesOf(toyStep(shares, { work: [{ rank: 0, lo: 0, hi: 8 }] }));
    expect(fates.map(({ isFirst }) => isFirst)).toEqual([false, true]);
  });
});
