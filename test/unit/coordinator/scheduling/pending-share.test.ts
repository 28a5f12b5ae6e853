import { describe, expect, test } from 'vitest';
import {
  beginPendingShare,
  describeRound,
  describeShare,
  isSameRound,
} from '../../../../coordinator/scheduling/pending-share.ts';
import type { Round } from '../../../../shared/round/workload.ts';
import { createSimulatedClock } from '../../../support/simulation/simulated-clock.ts';

const round: Round = { kind: 'train', step: 12 };
const leaves = { lo: 4, hi: 8 };

describe('a pending share', () => {
  /** Begins a share after 5 ms; the times are those of the calls, from then on. */
  async function begin(deadlineMs: number) {
    const clock = createSimulatedClock();
    clock.setTimer(5, () => {});
    await clock.run(() => clock.now() === 5, 5);
    const lateAt: number[] = [];
    const stalled: [ms: number, reason: string][] = [];
    const share = beginPendingShare(
      clock,
      {
        round,
        leaves,
        exampleCount: 40,
        isTrial: false,
        sentAt: 5,
        expectedMs: undefined,
        deadlineMs,
      },
      () => lateAt.push(clock.now() - 5),
      (reason) => stalled.push([clock.now() - 5, reason]),
    );
    return { clock, share, lateAt, stalled };
  }

  test.for([
    [20, 60_000],
    [6_000, 60_000],
    [6_001, 60_010],
    [30_000, 300_000],
  ])('of %i ms is late then, and stalled after %i ms', async ([deadlineMs, stallMs]) => {
    const { clock, share, lateAt, stalled } = await begin(deadlineMs);
    expect(share).toMatchObject({ round, leaves, exampleCount: 40, deadlineMs, sentAt: 5 });
    await clock.run(() => false, 3_600_000);
    expect(lateAt).toEqual([deadlineMs]);
    const seconds = Math.round(stallMs / 1000);
    expect(stalled).toEqual([
      [stallMs, expect.stringMatching(new RegExp(`\\b${seconds}\\b.*4-7.*12`))],
    ]);
  });

  test('whose timers are cancelled is neither late nor stalled', async () => {
    const { clock, share, lateAt, stalled } = await begin(100);
    share.cancelTimers();
    await clock.run(() => false, 3_600_000);
    expect([lateAt, stalled]).toEqual([[], []]);
  });

  test('that is late can still be answered before it stalls', async () => {
    const { clock, share, lateAt, stalled } = await begin(100);
    await clock.run(() => lateAt.length > 0, 100 + 5);
    share.cancelTimers();
    await clock.run(() => false, 3_600_000);
    expect([lateAt, stalled]).toEqual([[100], []]);
  });

  test('is described by its micro-batches and its round', () => {
    expect(describeShare({ round, leaves })).toMatch(/4-7.*12/);
    expect(describeShare({ round: { kind: 'test', step: 430 }, leaves })).toBe(
      'parts 4-7 of the test set after step 430',
    );
    expect(describeRound({ kind: 'validation', step: 430 })).toMatch(/validation.*430/);
  });
});

test('two rounds are the same if both their kinds and their steps are', () => {
  expect(isSameRound(round, { ...round })).toBe(true);
  expect(isSameRound(round, { kind: 'train', step: 11 })).toBe(false);
  expect(isSameRound(round, { kind: 'test', step: 12 })).toBe(false);
});
