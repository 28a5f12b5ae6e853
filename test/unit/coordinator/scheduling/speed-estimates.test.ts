import { describe, expect, test } from 'vitest';
import type { Member } from '../../../../coordinator/scheduling/member.ts';
import {
  createSpeedEstimates,
  type SpeedEstimates,
} from '../../../../coordinator/scheduling/speed-estimates.ts';
import type { RoundKind } from '../../../../shared/round/workload.ts';
import { toyMember, toyShare } from '../../../support/toy-member.ts';

const LEAVES = { lo: 0, hi: 16 };
const NO_TIME = { startedAt: 0, receiveMs: 0, sendMs: 0, cpuMs: 0, throttledMs: 0 };

type Answer = [member: Member, actualMs: number, computeMs?: number];

/** Members answer 16 leaves of 10 examples each, again and again, each in its own time. */
function record(
  speeds: SpeedEstimates,
  answers: readonly Answer[],
  { kind = 'train' as RoundKind, count = 20 } = {},
) {
  for (let step = 0; step < count; step++) {
    for (const [member, actualMs, computeMs] of answers) {
      const share = toyShare({ kind, step }, LEAVES, speeds.expectedMs(kind, member, 160));
      const timing = computeMs === undefined ? undefined : { ...NO_TIME, computeMs };
      speeds.recordShare(member, share, actualMs, timing);
    }
  }
}

const sizesOf = (speeds: SpeedEstimates, members: Member[], kind: RoundKind = 'train') =>
  speeds.plan(kind, LEAVES, members).map(({ lo, hi }) => hi - lo);

describe('the speed estimates', () => {
  test('expect nothing of a member before its first share of a kind', () => {
    const speeds = createSpeedEstimates();
    const member = toyMember(0);
    expect(speeds.expectedMs('train', member, 160)).toBeUndefined();
    record(speeds, [[member, 320]], { count: 1 });
    expect(speeds.expectedMs('train', member, 160)).toBe(320);
    expect(speeds.expectedMs('train', member, 80)).toBe(160);
    expect(speeds.expectedMs('train', member, 0)).toBe(0);
    expect(speeds.expectedMs('test', member, 160)).toBeUndefined();
  });

  test('divide leaves by the speeds of the same kind of round', () => {
    const speeds = createSpeedEstimates();
    const [fast, slow] = [toyMember(0), toyMember(1)];
    expect(sizesOf(speeds, [fast, slow])).toEqual([8, 8]);
    record(speeds, [
      [fast, 100],
      [slow, 300],
    ]);
    expect(sizesOf(speeds, [fast, slow])).toEqual([12, 4]);
    expect(sizesOf(speeds, [slow, fast])).toEqual([4, 12]);
    expect(sizesOf(speeds, [fast, slow], 'validation')).toEqual([8, 8]);
  });

  test('prefer larger subtrees once training spends its time with anything but computing', () => {
    const sizesWhere = (kind: RoundKind, computeMs: number) => {
      const speeds = createSpeedEstimates();
      const [fast, slow] = [toyMember(0), toyMember(1)];
      record(
        speeds,
        [
          [fast, 40],
          [slow, 60],
        ],
        { kind: 'train' },
      );
      record(
        speeds,
        [
          [fast, 40, computeMs],
          [slow, 60, computeMs],
        ],
        { kind },
      );
      return sizesOf(speeds, [fast, slow]);
    };
    expect(sizesWhere('train', 60)).toEqual([10, 6]);
    expect(sizesWhere('train', 1)).toEqual([8, 8]);
    expect(sizesWhere('test', 1)).toEqual([10, 6]);
  });

  test('take an evaluation for computing alone', () => {
    const speeds = createSpeedEstimates();
    const [fast, slow] = [toyMember(0), toyMember(1)];
    record(
      speeds,
      [
        [fast, 40, 1],
        [slow, 60, 1],
      ],
      { kind: 'train' },
    );
    record(
      speeds,
      [
        [fast, 40],
        [slow, 60],
      ],
      { kind: 'test' },
    );
    expect(sizesOf(speeds, [fast, slow], 'test')).toEqual([10, 6]);
  });

  test('set the longest deadline until shares and rounds were measured', () => {
    const speeds = createSpeedEstimates();
    const member = toyMember(0);
    // Of a first share no time was expected: it is no measure of later ones.
    record(speeds, [[member, 100]], { count: 8 });
    speeds.recordRound('train', 100);
    expect(speeds.deadlineMs('train', 100)).toBe(30_000);
    record(speeds, [[member, 100]], { count: 1 });
    expect(speeds.deadlineMs('train', 100)).toBeCloseTo(150);
    expect(speeds.deadlineMs('test', 100)).toBe(30_000);
  });

  test('trust a member more after each round without a share, so that it gets one again', () => {
    const speeds = createSpeedEstimates();
    const [fast, slow] = [toyMember(0), toyMember(1)];
    record(speeds, [
      [fast, 100],
      [slow, 10_000],
    ]);
    expect(sizesOf(speeds, [fast, slow])).toEqual([16, 0]);
    expect(speeds.expectedMs('train', slow, 160)).toBeCloseTo(10_000);
    speeds.recordNoShare('train', slow);
    expect(speeds.expectedMs('train', slow, 160)).toBeCloseTo(10_000 / 1.02);
    for (let round = 0; round < 100; round++) speeds.recordNoShare('train', slow);
    expect(sizesOf(speeds, [fast, slow])).toEqual([15, 1]);
  });

  test('learn nothing from a round without a share of a member that was never measured', () => {
    const member = toyMember(0);
    createSpeedEstimates().recordNoShare('train', member);
    expect(member.throughputs).toEqual({});
  });
});
