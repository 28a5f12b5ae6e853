import { describe, expect, test } from 'vitest';
import type { PartialSumComputer } from '../../../../shared/round/partial-sum-computer.ts';
import { createPace } from '../../../../worker/browser/pace.ts';

const ROUND = { kind: 'train', step: 0 } as const;
const BLOCK_MS = 20;

/** A pace beside a computer whose blocks take their time. A timer is `lateMs` late. */
function startPace(lateMs = 0) {
  let now = 0;
  const rests: number[] = [];
  let turns = 0;
  const clock = {
    now: () => now,
    setTimer(delayMs: number, callback: () => void) {
      rests.push(delayMs);
      now += delayMs + lateMs;
      queueMicrotask(callback);
      return () => {};
    },
  };
  const pace = createPace(clock, async () => void turns++);
  const computer: PartialSumComputer = {
    *compute(_round, { lo, hi }) {
      for (let leaf = lo; leaf < hi; leaf++) {
        now += BLOCK_MS;
        yield leaf + 1 < hi ? undefined : { node: { lo, hi }, vector: new Float32Array(1) };
      }
    },
  };
  const watched = pace.watch(computer);
  return {
    pace,
    rests,
    now: () => now,
    turns: () => turns,
    async share(blocks: number) {
      for (const sum of watched.compute(ROUND, { lo: 0, hi: blocks }, new Float32Array(0)))
        if (!sum) await pace.pause();
    },
  };
}

describe('the pace of a tab', () => {
  test('of a whole core has no timer, only turns for messages', async () => {
    const { share, rests, turns, pace } = startPace();
    for (let i = 0; i < 3; i++) await share(4);
    expect(rests).toEqual([]);
    expect(turns()).toBe(9);
    expect(pace.busyMs).toBe(12 * BLOCK_MS);
  });

  test.for([0.1, 0.5, 0.8])('of %d of a core is just that part of the time', async (effort) => {
    const { share, pace, now } = startPace();
    pace.effort = effort;
    for (let i = 0; i < 20; i++) await share(5);
    expect(pace.busyMs / now()).toBeCloseTo(effort, 1);
  });

  test('rests before a share too, where shares have one block', async () => {
    const { share, pace, now } = startPace();
    pace.effort = 0.5;
    for (let i = 0; i < 20; i++) await share(1);
    expect(pace.busyMs / now()).toBeCloseTo(0.5, 1);
  });

  test('counts a timer that was late as rest, but does not make up for seconds', async () => {
    const { share, pace, rests } = startPace(3);
    pace.effort = 0.5;
    await share(3);
    expect(rests).toEqual([20, 17]);
    const slow = startPace(60_000);
    slow.pace.effort = 0.5;
    await slow.share(3);
    expect(slow.rests).toEqual([20, 15]);
  });

  test('drops what is due when it becomes a whole core', async () => {
    const { share, pace, rests } = startPace();
    pace.effort = 0.5;
    await share(1);
    pace.effort = 1;
    await share(2);
    expect(rests).toEqual([]);
  });
});
