import { describe, expect, test } from 'vitest';
import {
  type Bar,
  sceneOf,
} from '../../../../../../coordinator/dashboard/page/steps/timeline-scene.ts';
import type { StepDetail } from '../../../../../../coordinator/dashboard/steps/step-detail.ts';
import { openShare, toyShare, toyStep } from '../../../../../support/toy-step-detail.ts';

const spans = (bars: readonly Bar[], row: number) =>
  bars.filter((bar) => bar.row === row).map(({ kind, fromMs, toMs }) => [kind, fromMs, toMs]);

/** The scene of one step. */
const sceneOfShares = (shares: StepDetail['shares'], changes: Partial<StepDetail> = {}) =>
  sceneOf([toyStep(shares, changes)], []);

describe('the timeline of some steps', () => {
  test('has a row for the coordinator and for each rank that is there or was asked', () => {
    const steps = [toyStep([toyShare(12, 0, 8)]), toyStep([toyShare(3, 0, 8)])];
    expect(sceneOf(steps, [3, 5]).rows).toEqual([null, 3, 5, 12]);
  });

  test('shows at most 256 workers, and ignores the shares of others', () => {
    const shares = Array.from({ length: 300 }, (_, i) => toyShare(i, i, i + 1));
    const { rows, bars } = sceneOfShares(shares);
    expect(rows).toHaveLength(257);
    expect(Math.max(...bars.map(({ row }) => row))).toBe(256);
  });

  test('counts the time from the start of its first round', () => {
    const steps = [toyStep([]), toyStep([], { startedAt: 104.5, milliseconds: 2 })];
    const { rounds, toMs } = sceneOf(steps, []);
    expect(rounds.map(({ fromMs, toMs }) => [fromMs, toMs])).toEqual([
      [0, 4],
      [4.5, 6.5],
    ]);
    expect(toMs).toBe(6.5);
  });

  test('has what the coordinator and a worker did, and how long the worker waited', () => {
    const { bars } = sceneOfShares([toyShare(0, 0, 16)]);
    expect(spans(bars, 0)).toEqual([
      ['handout', 0, 0.25],
      ['add', 3, 3.125],
      ['update', 3.5, 4],
    ]);
    expect(spans(bars, 1)).toEqual([
      ['receive', 0.5, 0.75],
      ['compute', 0.75, 2.75],
      ['send', 2.75, 2.875],
      ['wait', 3, 4],
    ]);
  });

  test('shows that one process computed everything itself', () => {
    expect(spans(sceneOfShares([], { broadcastMs: 0, reductions: [] }).bars, 0)).toEqual([
      ['compute', 0, 3.5],
      ['update', 3.5, 4],
    ]);
  });

  test('keeps a worker’s times within its share: two clocks never agree', () => {
    const early = toyShare(0, 0, 16, { receive: [0, 0.25], compute: [0.25, 3.5], send: [3.5, 4] });
    expect(spans(sceneOfShares([early]).bars, 1)).toEqual([
      ['receive', 0, 0.5],
      ['compute', 0.5, 3],
      ['wait', 3, 4],
    ]);
  });

  test('shows a share as asked if the worker’s own times are unknown', () => {
    const share = openShare(0, 0, 16, { answeredAtMs: 3 });
    expect(spans(sceneOfShares([share]).bars, 1)[0]).toEqual(['asked', 0.5, 3]);
  });

  test('strikes a share at its deadline, and leads to the one that replaces it', () => {
    const shares = [
      toyShare(0, 0, 8),
      openShare(1, 8, 16, { deadlineAtMs: 2 }),
      openShare(0, 8, 16, { startMs: 3, compute: [3.125, 3.5], answeredAtMs: 3.5 }),
    ];
    const work = [
      { rank: 0, lo: 0, hi: 8 },
      { rank: 0, lo: 8, hi: 16 },
    ];
    const { bars, marks, descents } = sceneOfShares(shares, { work });
    expect(marks).toEqual([
      { kind: 'overdue', row: 2, atMs: 2 },
      { kind: 'cross', row: 2, atMs: 2 },
      { kind: 'first', row: 1, atMs: 3.5 },
    ]);
    expect(descents).toEqual([
      [
        { row: 2, atMs: 2 },
        { row: 1, atMs: 3 },
      ],
    ]);
    expect(spans(bars, 1)).toContainEqual(['again', 3.125, 3.5]);
    expect(spans(bars, 1).some(([kind, , to]) => kind === 'wait' && to === 3)).toBe(false);
    expect(spans(bars, 2)).toEqual([['missed', 0.5, 4]]);
  });

  test('shows the work of a late worker until it gets its next share', () => {
    const late = toyStep([openShare(0, 0, 16, { deadlineAtMs: 2 })]);
    const next = toyStep([toyShare(1, 0, 16)], { startedAt: 104 });
    const last = toyStep([toyShare(0, 0, 16)], { startedAt: 108 });
    const missed = (details: StepDetail[]) =>
      sceneOf(details, []).bars.filter(({ kind }) => kind === 'missed');
    expect(missed([late, next, last])).toMatchObject([{ fromMs: 0.5, toMs: 8 }]);
    expect(missed([late, next])).toMatchObject([{ fromMs: 0.5, toMs: 8 }]);
  });

  test('ends the share of a lost worker where it was lost', () => {
    const { bars, marks } = sceneOfShares([openShare(0, 0, 16, { lostAtMs: 1 })]);
    expect(spans(bars, 1)).toEqual([['missed', 0.5, 1]]);
    expect(marks).toEqual([{ kind: 'cross', row: 1, atMs: 1 }]);
  });

  test('has deadlines that lie within the round', () => {
    const shares = [toyShare(0, 0, 8, { deadlineAtMs: 3.5 }), toyShare(1, 8, 16)];
    expect(sceneOfShares(shares).marks).toEqual([{ kind: 'deadline', row: 1, atMs: 3.5 }]);
  });

  test('tells trials and audits apart', () => {
    const shares = [
      toyShare(0, 0, 16),
      toyShare(1, 0, 8, { purpose: 'trial' }),
      toyShare(2, 0, 16, { purpose: 'audit' }),
    ];
    const kinds = sceneOfShares(shares).bars.map(({ kind }) => kind);
    expect(kinds).toContain('trial');
    expect(kinds).toContain('audit');
  });

  test('is empty without steps', () => {
    expect(sceneOf([], [])).toMatchObject({ rows: [null], rounds: [], bars: [], toMs: 0 });
  });
});
