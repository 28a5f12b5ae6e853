import { describe, expect, test } from 'vitest';
import {
  detailOf,
  detailUnderWay,
} from '../../../../../coordinator/dashboard/steps/step-detail.ts';
import type { RoundTiming } from '../../../../../coordinator/training/gradient-source.ts';

const timing: RoundTiming = {
  broadcastMs: 0.25,
  handedOutMs: 0.25,
  reduceMs: 0.5,
  reductions: [{ startMs: 3.00004, ms: 0.5 }],
  shares: [
    {
      rank: 0,
      examples: 64,
      startMs: 0.1,
      roundTripMs: 3,
      clockOffsetMs: 400,
      startedAt: 1500.5,
      receiveMs: 0.25,
      computeMs: 2,
      sendMs: 0.125,
    },
  ],
  assignments: [
    { rank: 0, leaves: { lo: 0, hi: 8 }, startMs: 0.1, deadlineMs: 20, purpose: 'need' },
    { rank: 1, leaves: { lo: 8, hi: 16 }, startMs: 0.2, deadlineMs: 20, purpose: 'trial' },
  ],
  arrivals: [{ rank: 0, node: { lo: 0, hi: 8 }, ms: 3 }],
  losses: [{ rank: 1, ms: 2.5 }],
};
const round = { kind: 'train', step: 7 } as const;

describe('the detail of a step', () => {
  test('has the times of a worker by the coordinator’s clock, since the step began', () => {
    const { shares, reductions } = detailUnderWay(round, timing, 1100, 1104.5);
    expect(shares[0]).toEqual({
      ...{ rank: 0, lo: 0, hi: 8, startMs: 0.1, deadlineAtMs: 20.1, purpose: 'need' },
      answeredAtMs: 3.1,
      ...{ receive: [0.25, 0.5], compute: [0.5, 2.5], send: [2.5, 2.625] },
    });
    expect(reductions).toEqual([[3, 0.5]]);
  });

  test('says when the worker of an open share was lost', () => {
    const { shares } = detailUnderWay(round, timing, 1100, 1104.5);
    expect(shares[1]).toMatchObject({ rank: 1, purpose: 'trial', lostAtMs: 2.5 });
    expect(shares[1].answeredAtMs).toBeUndefined();
    expect(shares[0].lostAtMs).toBeUndefined();
  });

  test('has who gave which sum once the step is done', () => {
    const detail = detailOf(
      {
        round,
        milliseconds: 4,
        work: [
          [0, 8, 'a'],
          [8, 16, null],
        ],
        copies: [[8, 16, 'b']],
      },
      0.5,
      { ...timing, updateMs: 0.75, doneAt: 1104 },
      (name) => (name === 'a' ? 0 : 1),
    );
    expect(detail).toMatchObject({ kind: 'train', step: 7, startedAt: 1100, isDone: true });
    expect(detail).toMatchObject({ loss: 0.5, updateMs: 0.75, milliseconds: 4 });
    expect(detail.work).toEqual([
      { lo: 0, hi: 8, rank: 0 },
      { lo: 8, hi: 16, rank: null },
    ]);
    expect(detail.copies).toEqual([{ lo: 8, hi: 16, rank: 1 }]);
  });

  test('has no shares if the step was computed in one process', () => {
    const work: [number, number, null][] = [[0, 16, null]];
    const times = { updateMs: 1, doneAt: 1104 };
    const detail = detailOf({ round, milliseconds: 4, work }, 1, times, () => null);
    expect(detail).toMatchObject({ shares: [], arrivals: [], reductions: [], broadcastMs: 0 });
  });
});
