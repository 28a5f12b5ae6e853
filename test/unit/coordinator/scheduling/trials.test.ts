import { describe, expect, test } from 'vitest';
import type { Member, MemberState } from '../../../../coordinator/scheduling/member.ts';
import { planShares } from '../../../../coordinator/scheduling/planner.ts';
import { chooseTrials } from '../../../../coordinator/scheduling/trials.ts';
import { toyMember, toyShare } from '../../../support/toy-member.ts';

const LEAF_COUNT = 16;
const share = toyShare({ kind: 'train', step: 0 }, { lo: 0, hi: 4 });
const proven = toyMember(0);

function newcomers(count: number, overrides: Partial<Member> = {}): Member[] {
  return Array.from({ length: count }, (_, i) =>
    toyMember(i + 1, { hasAnswered: false, ...overrides }),
  );
}

function trialsAmong(others: readonly Member[], now = 0) {
  let planCount = 0;
  const trials = chooseTrials({
    staying: [proven, ...others],
    reliable: [proven],
    leafCount: LEAF_COUNT,
    now,
    plan(leaves, members) {
      planCount++;
      return planShares(
        leaves,
        members.map(() => 1),
      );
    },
  });
  return { trials, planCount };
}

const inState = (name: 'computing' | 'late'): MemberState => ({ name, share });

describe('newcomers on trial', () => {
  test('get a part of the leaves each', () => {
    const { trials } = trialsAmong(newcomers(1));
    expect(trials).toMatchObject([{ newcomer: { rank: 1 }, leaves: { lo: 8, hi: 16 } }]);
  });

  test('are few of a crowd, which is planned once', () => {
    const { trials, planCount } = trialsAmong(newcomers(1_000));
    expect(trials.map(({ newcomer }) => newcomer.rank)).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
    expect(planCount).toBe(1);
  });

  test('wait while others are on trial, and not for those that are late', () => {
    const waiting = toyMember(2_000, { hasAnswered: false });
    const computing = newcomers(8, { state: inState('computing') });
    expect(trialsAmong([...computing, waiting])).toEqual({ trials: [], planCount: 0 });
    const late = newcomers(8, { state: inState('late') });
    expect(trialsAmong([...late, waiting]).trials).toMatchObject([{ newcomer: { rank: 2_000 } }]);
  });

  test('do not get a share before their time', () => {
    const early = newcomers(1, { trialAt: 500 });
    expect(trialsAmong(early, 499).trials).toEqual([]);
    expect(trialsAmong(early, 500).trials).toHaveLength(1);
  });

  test('get at least one leaf, where there are more workers than leaves', () => {
    const trials = chooseTrials({
      staying: [proven, ...newcomers(8)],
      reliable: [proven],
      leafCount: 2,
      now: 0,
      plan: (leaves, members) =>
        planShares(
          leaves,
          members.map(() => 1),
        ),
    });
    expect(trials).toHaveLength(8);
  });
});
