import { areDisjoint, type LeafRange } from '../../shared/reduction-tree.ts';
import type { PoolCounters } from '../reporting/pool-events.ts';

/** The counter of leaves that are assigned again for one reason. */
type Reason = 'lateLeaves' | 'lostLeaves' | 'discardedLeaves';

/** Leaves that are free to be assigned again, and why. */
export interface ReleasedLeaves {
  readonly leaves: LeafRange;
  readonly reason: Reason;
}

/** The history of a round's leaves. */
export interface LeafHistory {
  /** The shares that were assigned so far. */
  readonly assigned: readonly LeafRange[];
  /** The leaves that were taken from members, oldest first. */
  readonly released: ReleasedLeaves[];
}

/**
 * Counts a share that is about to be assigned if some of its leaves were assigned before, and each
 * of these leaves by the newest reason. Leaves that were not released had sums that were discarded.
 */
export function countReissues(
  counters: Pick<PoolCounters, 'reassignedShares' | Reason>,
  { assigned, released }: LeafHistory,
  share: LeafRange,
): void {
  const earlier = assigned.filter((leaves) => !areDisjoint(leaves, share));
  if (earlier.length === 0) return;
  counters.reassignedShares++;
  for (let leaf = share.lo; leaf < share.hi; leaf++) {
    const hasLeaf = ({ lo, hi }: LeafRange) => lo <= leaf && leaf < hi;
    if (!earlier.some(hasLeaf)) continue;
    const cause = released.findLast(({ leaves }) => hasLeaf(leaves));
    counters[cause?.reason ?? 'discardedLeaves']++;
  }
  released.push({ leaves: share, reason: 'discardedLeaves' });
}
