import { describe, expect, test } from 'vitest';
import { createPartSeconds } from '../../../../coordinator/reporting/part-seconds.ts';
import type { AnsweredShare } from '../../../../coordinator/training/gradient-source.ts';
import type { StepRecord } from '../../../../coordinator/training/ledger.ts';
import { STEP_PARTS } from '../../../../coordinator/training/step-breakdown.ts';

const recordOf = (step: number, milliseconds = 100, epoch = 1) =>
  ({ step, epoch, milliseconds }) as StepRecord;

/** A share that took 60 ms, of which its worker computed for `computeMs` and sent for 5 ms. */
const shareOf = (computeMs: number, change: Partial<AnsweredShare> = {}): AnsweredShare => ({
  rank: 0,
  examples: 64,
  startMs: 2,
  roundTripMs: 60,
  computeMs,
  sendMs: 5,
  clockOffsetMs: undefined,
  ...change,
});

const timesOf = (doneAt: number, shares: AnsweredShare[]) => ({
  doneAt,
  updateMs: 8,
  broadcastMs: 3,
  reduceMs: 4,
  reductions: [],
  shares,
});
const inMs = (sums: Readonly<Record<string, number>>) =>
  Object.fromEntries(Object.entries(sums).map(([part, s]) => [part, Math.round(s * 1e6) / 1e3]));
const total = (sums: Readonly<Record<string, number>>) =>
  Object.values(sums).reduce((sum, seconds) => sum + seconds, 0);

describe('the parts of steps', () => {
  test('are those of lockstep speedup', () => {
    expect(Object.keys(createPartSeconds().sums)).toEqual([...STEP_PARTS]);
  });

  test('add up to the time of the whole steps', () => {
    const parts = createPartSeconds();
    const last = shareOf(50, { rank: 1, startMs: 4, roundTripMs: 70 });
    parts.add(recordOf(0), timesOf(1000, [shareOf(30), last]));
    expect(inMs(parts.sums)).toEqual({
      compute: 40,
      slowest: 10,
      broadcast: 4,
      serialise: 5,
      wire: 15,
      reduce: 18,
      update: 8,
      between: 0,
    });
    // The next step begins 20 ms after the end of this one.
    parts.add(recordOf(1), timesOf(1120, [shareOf(30), last]));
    expect(inMs(parts.sums)).toMatchObject({ compute: 80, between: 20 });
    expect(total(parts.sums)).toBeCloseTo(0.22, 9);
  });

  test('never fall, though a worker computed less than the mean, or its clock is fast', () => {
    const parts = createPartSeconds();
    const before = { ...parts.sums };
    for (let step = 0; step < 20; step++) {
      const last = shareOf(10 + 5 * step, { rank: 1, roundTripMs: 60 + 3 * step });
      parts.add(recordOf(step, 80), timesOf(1000 + 79 * step, [shareOf(70), last]));
      for (const part of STEP_PARTS) {
        expect(parts.sums[part]).toBeGreaterThanOrEqual(before[part]);
        before[part] = parts.sums[part];
      }
    }
    expect(before.slowest).toBeGreaterThan(0);
    expect(before.compute).toBeGreaterThan(0);
  });

  test('leave out the time between two epochs, and before the first step of a process', () => {
    const parts = createPartSeconds();
    parts.add(recordOf(7), timesOf(1000, [shareOf(50)]));
    parts.add(recordOf(8, 100, 2), timesOf(9000, [shareOf(50)]));
    expect(parts.sums.between).toBe(0);
  });

  test('count all shares of a worker that was asked twice', () => {
    const parts = createPartSeconds();
    const second = shareOf(20, { startMs: 70, roundTripMs: 25 });
    parts.add(recordOf(0), timesOf(1000, [shareOf(50), second]));
    expect(inMs(parts.sums)).toMatchObject({ compute: 70, slowest: 8, serialise: 10, wire: 5 });
    expect(total(parts.sums)).toBeCloseTo(0.1, 9);
  });

  test('leave out a step whose last worker did not report its times', () => {
    const parts = createPartSeconds();
    const { computeMs: _, ...silent } = shareOf(50);
    parts.add(recordOf(0), timesOf(1000, [silent]));
    parts.add(recordOf(1), { updateMs: 8, doneAt: 1200 });
    expect(total(parts.sums)).toBe(0);
  });
});
