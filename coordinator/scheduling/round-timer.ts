import type { Clock } from '../../shared/clock.ts';
import type { LeafRange } from '../../shared/reduction-tree.ts';
import type { AnsweredShare, AssignedShare, RoundTiming } from '../training/gradient-source.ts';

/** Measures the times of one round, in ms. The round starts when the timer is created. */
export interface RoundTimer {
  readonly startedAt: number;
  readonly timing: RoundTiming;
  /** Does and times `work`, which hands parameters and shares to sockets. */
  timeBroadcast(work: () => void): void;
  /** Does and times `work`, which checks a sum and adds it up. */
  timeReduction(work: () => void): void;
  /** All shares of the beginning are handed out. */
  handedOut(): void;
  /** Records a share that was handed to its socket at `sentAt`. */
  assigned(share: Omit<AssignedShare, 'startMs'>, sentAt: number): void;
  /** Records that the sum of a node is here. */
  arrived(rank: number, node: LeafRange): void;
  /** Records that a worker is lost, and its share with it. */
  lost(rank: number): void;
  /** Records an answered share, which was handed to its socket at `sentAt`. */
  answered(share: Omit<AnsweredShare, 'startMs'>, sentAt: number): void;
}

export function createRoundTimer(clock: Clock): RoundTimer {
  const startedAt = clock.now();
  const timing: RoundTiming = {
    broadcastMs: 0,
    handedOutMs: 0,
    reduceMs: 0,
    reductions: [],
    shares: [],
    assignments: [],
    arrivals: [],
    losses: [],
  };
  return {
    startedAt,
    timing,
    timeBroadcast(work) {
      const begunAt = clock.now();
      work();
      timing.broadcastMs += clock.now() - begunAt;
    },
    timeReduction(work) {
      const begunAt = clock.now();
      work();
      const ms = clock.now() - begunAt;
      timing.reduceMs += ms;
      timing.reductions.push({ startMs: begunAt - startedAt, ms });
    },
    handedOut() {
      timing.handedOutMs = clock.now() - startedAt;
    },
    assigned(share, sentAt) {
      timing.assignments.push({ ...share, startMs: sentAt - startedAt });
    },
    arrived(rank, node) {
      timing.arrivals.push({ rank, node, ms: clock.now() - startedAt });
    },
    lost(rank) {
      timing.losses.push({ rank, ms: clock.now() - startedAt });
    },
    answered(share, sentAt) {
      timing.shares.push({ ...share, startMs: sentAt - startedAt });
    },
  };
}
