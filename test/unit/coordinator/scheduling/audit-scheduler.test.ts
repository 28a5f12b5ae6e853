import { describe, expect, test } from 'vitest';
import { AuditedSum } from '../../../../coordinator/reduction/audited-sum.ts';
import { createCounters } from '../../../../coordinator/reporting/pool-events.ts';
import { AuditScheduler } from '../../../../coordinator/scheduling/audit-scheduler.ts';
import {
  isStaying,
  type Member,
  type MemberState,
} from '../../../../coordinator/scheduling/member.ts';
import type { LeafRange } from '../../../../shared/reduction-tree.ts';
import type { Round } from '../../../../shared/round/workload.ts';
import { toyMember, toyShare } from '../../../support/toy-member.ts';
import { naiveEngine } from '../../../support/toy-run.ts';

const round: Round = { kind: 'train', step: 3 };
const left = { lo: 0, hi: 2 };
const right = { lo: 2, hi: 4 };
const TRUTH = Float32Array.of(1);

const computing = (leaves: LeafRange, of: Round = round): MemberState => ({
  name: 'computing',
  share: toyShare(of, leaves),
});

/** Rank 0 has given a sum over `left`, the others are in their states. */
function begin(states: readonly MemberState[], { lies = false } = {}) {
  const author = toyMember(0);
  const others = states.map((state, index) => toyMember(index + 1, { state }));
  const members = [author, ...others];
  const assigned: string[] = [];
  const expelled: string[] = [];
  const notices: string[] = [];
  const scheduler = new AuditScheduler({
    readyMembers: () => members,
    reliableMembers: () => members.filter(isStaying),
    assign(member, node) {
      assigned.push(`${member.rank} ${node.lo}-${node.hi}`);
      member.state = computing(node);
    },
    expel(member, reason) {
      members.splice(members.indexOf(member), 1);
      expelled.push(`${member.rank} ${reason}`);
    },
    notify: (message) => notices.push(message),
  });
  const createSum = () =>
    new AuditedSum<Member>({
      leafCount: 4,
      addHalves: (_node, half, otherHalf) => naiveEngine.kernels.addInto(half, otherHalf),
      buffers: { acquire: (length) => new Float32Array(length), release() {} },
      checkOf: () => 'other',
      onChecked() {},
      isPlausible: () => true,
      recompute: () => TRUTH,
      describeDifference: () => 'the loss differs',
      isAllBounded: () => true,
      stream: undefined,
      counters: createCounters(),
    });
  const sum = createSum();
  const give = (member: Member, node: LeafRange, to = sum) =>
    to.offer({ author: member, node, vector: Float32Array.of(lies ? 2 : 1) });
  give(author, left);
  const assign = (of = sum) => scheduler.assignAudits(round, of);
  return {
    scheduler,
    members,
    assigned,
    expelled,
    notices,
    sum,
    createSum,
    give,
    assign,
  };
}

const idle: MemberState = { name: 'idle' };

describe('the audit of a held sum', () => {
  test('goes to the first idle member that is not its author, once', () => {
    const leaving: MemberState = { name: 'leaving', share: undefined, isLate: false };
    const { assign, assigned, sum } = begin([leaving, idle, idle]);
    assign();
    assign();
    expect(assigned).toEqual(['2 0-2']);
    expect(sum.held).toHaveLength(1);
  });

  test('is not given to a worker of the same origin', () => {
    const { assign, assigned, members, sum } = begin([]);
    members.push(toyMember(1, { origin: members[0].origin }));
    assign();
    expect(assigned).toEqual([]);
    expect(sum.held).toEqual([]);
  });

  test('waits for a member that computes another share of the round in time', () => {
    const { assign, assigned, sum, notices } = begin([computing(right)]);
    assign();
    expect(assigned).toEqual([]);
    expect(sum.held).toHaveLength(1);
    expect(notices).toEqual([]);
  });

  test('waits for a member that computes it and then leaves', () => {
    const leaving: MemberState = {
      name: 'leaving',
      share: toyShare(round, left),
      isLate: false,
    };
    const { assign, assigned, sum } = begin([leaving, idle]);
    assign();
    expect(assigned).toEqual([]);
    expect(sum.held).toHaveLength(1);
  });

  test.for<[string, MemberState]>([
    ['is late', { name: 'late', share: toyShare(round, right) }],
    ['computes for another round', computing(right, { kind: 'train', step: 2 })],
    ['leaves', { name: 'leaving', share: undefined, isLate: false }],
  ])('waits for no member that %s: the coordinator does it, quietly', ([, state]) => {
    const { assign, sum, notices, expelled } = begin([state]);
    assign();
    expect(sum.held).toEqual([]);
    expect(sum.missing()).toEqual([right]);
    expect([notices, expelled]).toEqual([[], []]);
  });

  test('is assigned for each of several sums, as long as members are idle', () => {
    const { assign, assigned, give, members, sum } = begin([idle, idle]);
    give(members[1], right);
    assign();
    expect(assigned).toEqual(['1 0-2', '0 2-4']);
    expect(sum.held).toHaveLength(2);
  });
});

describe('a worker that is alone', () => {
  test('is told of once, and again after it had company', () => {
    const { assign, createSum, give, members, notices } = begin([]);
    const nextRound = () => {
      const sum = createSum();
      give(members[0], left, sum);
      assign(sum);
    };
    assign();
    nextRound();
    expect(notices).toEqual([expect.stringMatching(/rank 0\b/)]);
    members.push(toyMember(1, { state: { name: 'late', share: toyShare(round, right) } }));
    nextRound();
    members.pop();
    nextRound();
    expect(notices).toHaveLength(2);
  });

  test('and gives a wrong sum is expelled, with the sum that was wrong', () => {
    const { assign, expelled, notices, sum } = begin([], { lies: true });
    assign();
    expect(expelled).toEqual([expect.stringMatching(/^0 .*0-1.*\b3\b/)]);
    expect(notices.at(-1)).toMatch(/rank 0\b.*worker 0.*0-1.*\b3\b/);
    expect(sum.missing()).toEqual([right]);
  });

  test('has all its held sums dropped with the first wrong one', () => {
    const { assign, expelled, give, members, sum } = begin([], { lies: true });
    give(members[0], right);
    assign();
    expect(expelled).toHaveLength(1);
    expect(sum.held).toEqual([]);
    expect(sum.missing()).toEqual([right]);
  });
});

test('every wrong author is expelled', () => {
  const { scheduler, members, expelled, notices } = begin([idle, idle]);
  const wrong = (rank: number) => ({ author: members[rank], difference: 'the loss differs' });
  scheduler.expelAuthors([wrong(0), wrong(2)], left, round);
  expect(expelled.map((each) => each[0])).toEqual(['0', '2']);
  expect(notices).toHaveLength(2);
  scheduler.expelAuthors([], left, round);
  expect(expelled).toHaveLength(2);
});
