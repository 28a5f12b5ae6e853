import { describe, expect, test } from 'vitest';
import { createCounters } from '../../../../coordinator/reporting/pool-events.ts';
import { countReissues, type ReleasedLeaves } from '../../../../coordinator/scheduling/reissues.ts';
import type { LeafRange } from '../../../../shared/reduction-tree.ts';

/** A round of which these shares were assigned. Returns a function that assigns a further one. */
function roundWith(assigned: LeafRange[], released: ReleasedLeaves[]) {
  const counters = createCounters();
  return (lo: number, hi: number) => {
    countReissues(counters, { assigned, released }, { lo, hi });
    assigned.push({ lo, hi });
    const { reassignedShares, lateLeaves, lostLeaves, discardedLeaves } = counters;
    return [reassignedShares, lateLeaves, lostLeaves, discardedLeaves];
  };
}

const range = (lo: number, hi: number): LeafRange => ({ lo, hi });

describe('leaves', () => {
  test('that are assigned for the first time are not counted', () => {
    const assign = roundWith([range(0, 4)], [{ leaves: range(0, 4), reason: 'lateLeaves' }]);
    expect(assign(4, 8)).toEqual([0, 0, 0, 0]);
  });

  test('of one share are counted each by its own reason', () => {
    const assign = roundWith(
      [range(0, 2), range(2, 5), range(5, 6)],
      [
        { leaves: range(0, 2), reason: 'lateLeaves' },
        { leaves: range(2, 5), reason: 'lostLeaves' },
      ],
    );
    expect(assign(0, 8)).toEqual([1, 2, 3, 1]);
  });

  test('are counted each time, by the newest reason', () => {
    const released: ReleasedLeaves[] = [{ leaves: range(0, 4), reason: 'lateLeaves' }];
    const assign = roundWith([range(0, 4)], released);
    expect(assign(0, 4)).toEqual([1, 4, 0, 0]);
    // Their sums came, and were wrong.
    expect(assign(0, 4)).toEqual([2, 4, 0, 4]);
    released.push({ leaves: range(0, 1), reason: 'lostLeaves' });
    expect(assign(0, 2)).toEqual([3, 4, 1, 5]);
  });
});
