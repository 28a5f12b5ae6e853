import { describe, expect, test } from 'vitest';
import { createRoundTimer } from '../../../../coordinator/scheduling/round-timer.ts';

describe('a round timer', () => {
  /** A timer that starts at 100 ms, and how to let time go. */
  function startTimer() {
    let now = 100;
    const clock = { now: () => now, setTimer: () => () => {} };
    const spend = (ms: number) => {
      now += ms;
    };
    return { timer: createRoundTimer(clock), spend };
  }

  test('begins with nothing', () => {
    const { timer } = startTimer();
    expect(timer.startedAt).toBe(100);
    expect(timer.timing).toEqual({
      ...{ broadcastMs: 0, handedOutMs: 0, reduceMs: 0 },
      ...{ reductions: [], shares: [], assignments: [], arrivals: [], losses: [] },
    });
  });

  test('notes when a share was handed out, and when a sum arrived', () => {
    const { timer, spend } = startTimer();
    spend(5);
    const share = { rank: 1, leaves: { lo: 0, hi: 4 }, deadlineMs: 50, purpose: 'need' } as const;
    timer.assigned(share, 103);
    timer.arrived(1, { lo: 0, hi: 2 });
    expect(timer.timing).toMatchObject({
      assignments: [{ ...share, startMs: 3 }],
      arrivals: [{ rank: 1, node: { lo: 0, hi: 2 }, ms: 5 }],
    });
  });

  test('notes when a worker was lost', () => {
    const { timer, spend } = startTimer();
    spend(7);
    timer.lost(2);
    expect(timer.timing.losses).toEqual([{ rank: 2, ms: 7 }]);
  });

  test('notes when all shares of the beginning were handed out', () => {
    const { timer, spend } = startTimer();
    timer.timeBroadcast(() => spend(4));
    spend(2);
    timer.handedOut();
    timer.timeBroadcast(() => spend(4));
    expect(timer.timing).toMatchObject({ broadcastMs: 8, handedOutMs: 6 });
  });

  test('adds up the time of broadcasts and of reductions, and nothing between them', () => {
    const { timer, spend } = startTimer();
    spend(1);
    timer.timeBroadcast(() => spend(10));
    timer.timeReduction(() => spend(20));
    spend(1);
    timer.timeBroadcast(() => spend(30));
    timer.timeReduction(() => spend(0));
    expect(timer.timing).toMatchObject({ broadcastMs: 40, reduceMs: 20 });
  });

  test('notes when each reduction was, from the begin of the round on', () => {
    const { timer, spend } = startTimer();
    spend(5);
    timer.timeReduction(() => spend(20));
    spend(5);
    timer.timeReduction(() => spend(3));
    expect(timer.timing.reductions).toEqual([
      { startMs: 5, ms: 20 },
      { startMs: 30, ms: 3 },
    ]);
  });

  test('notes when each share was handed over, from the begin of the round on', () => {
    const { timer, spend } = startTimer();
    spend(50);
    const share = { rank: 2, examples: 30, roundTripMs: 40, clockOffsetMs: undefined };
    timer.answered(share, 110);
    expect(timer.timing.shares).toEqual([{ ...share, startMs: 10 }]);
  });
});
