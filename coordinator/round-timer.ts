import type { Clock } from '../shared/clock.ts';
import type { AnsweredShare, RoundTiming } from './gradient-source.ts';

/** Takes the times of one round, which begins with it. */
export interface RoundTimer {
  readonly startedAt: number;
  readonly timing: RoundTiming;
  /** Does what hands parameters and shares to sockets. */
  timeBroadcast(work: () => void): void;
  /** Does what checks and adds up a sum. */
  timeReduction(work: () => void): void;
  /** A share that was handed over at `sentAt` is answered. */
  answered(share: Omit<AnsweredShare, 'startMs'>, sentAt: number): void;
}

export function createRoundTimer(clock: Clock): RoundTimer {
  const startedAt = clock.now();
  const timing: RoundTiming = { broadcastMs: 0, reduceMs: 0, reductions: [], shares: [] };
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
    answered(share, sentAt) {
      timing.shares.push({ ...share, startMs: sentAt - startedAt });
    },
  };
}
