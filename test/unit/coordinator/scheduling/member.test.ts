import { describe, expect, test } from 'vitest';
import type { Worker } from '../../../../coordinator/connection/worker.ts';
import {
  isLate,
  isProven,
  isReady,
  isStaying,
  type MemberState,
  markAnswered,
  markLate,
  markLeaving,
  noteAsked,
  shareOf,
  statusOf,
  timelyShareOf,
} from '../../../../coordinator/scheduling/member.ts';
import type { Round } from '../../../../shared/round/workload.ts';
import { toyMember, toyShare } from '../../../support/toy-member.ts';

const round: Round = { kind: 'train', step: 2 };
const share = toyShare(round, { lo: 0, hi: 4 });
const STATES = {
  preparing: { name: 'preparing' },
  idle: { name: 'idle' },
  computing: { name: 'computing', share },
  late: { name: 'late', share },
  leaving: { name: 'leaving', share, isLate: false },
  'late and leaving': { name: 'leaving', share, isLate: true },
  'free and leaving': { name: 'leaving', share: undefined, isLate: false },
} as const satisfies Record<string, MemberState>;
type StateName = keyof typeof STATES;

const memberIn = (name: StateName) => toyMember(0, { state: STATES[name] });

describe('a member', () => {
  test.for<[StateName, StateName]>([
    ['idle', 'idle'],
    ['computing', 'late'],
    ['late', 'late'],
    ['leaving', 'late and leaving'],
  ])('that is %s and misses its deadline is %s', ([before, after]) => {
    const member = memberIn(before);
    markLate(member);
    expect(member.state).toEqual(STATES[after]);
  });

  test.for<[StateName, StateName]>([
    ['computing', 'idle'],
    ['late', 'idle'],
    ['leaving', 'free and leaving'],
    ['late and leaving', 'free and leaving'],
  ])('that is %s and answers gives back its share, and is %s', ([before, after]) => {
    const member = memberIn(before);
    expect(markAnswered(member)).toBe(share);
    expect(member.state).toEqual(STATES[after]);
    expect(shareOf(member)).toBeUndefined();
  });

  test.for<[StateName, StateName]>([
    ['idle', 'free and leaving'],
    ['computing', 'leaving'],
    ['late', 'late and leaving'],
    ['late and leaving', 'late and leaving'],
  ])('that is %s and wants to leave keeps its share, and is %s', ([before, after]) => {
    const member = memberIn(before);
    markLeaving(member);
    expect(member.state).toEqual(STATES[after]);
  });

  test.for<[StateName, isReady: boolean, isStaying: boolean, isLate: boolean, owes: boolean]>([
    ['preparing', false, false, false, false],
    ['idle', true, true, false, false],
    ['computing', true, true, false, true],
    ['late', true, true, true, true],
    ['leaving', true, false, false, true],
    ['late and leaving', true, false, true, true],
    ['free and leaving', true, false, false, false],
  ])(
    'that is %s says whether it is ready (%s), stays (%s), is late (%s), owes a share (%s)',
    ([name, ...expected]) => {
      const member = memberIn(name);
      const owes = shareOf(member) === share;
      expect([isReady(member), isStaying(member), isLate(member), owes]).toEqual(expected);
    },
  );

  test('works on its share in time only in its round and before its deadline', () => {
    const timely = (name: StateName, asked = round) => timelyShareOf(memberIn(name), asked);
    expect([timely('computing'), timely('leaving')]).toEqual([share, share]);
    expect(timely('computing', { kind: 'train', step: 3 })).toBeUndefined();
    expect(timely('computing', { kind: 'test', step: 2 })).toBeUndefined();
    for (const name of ['idle', 'late', 'late and leaving', 'free and leaving'] as const)
      expect(timely(name)).toBeUndefined();
  });

  test('counts the shares that it has answered', () => {
    const member = toyMember(0, { state: STATES.late, hasAnswered: false, answeredShares: 0 });
    markAnswered(member);
    expect(member).toMatchObject({ hasAnswered: true, answeredShares: 1 });
  });

  test('is asked for all micro-batches of a step, and for none of the step before', () => {
    const member = toyMember(0);
    noteAsked(member, round, 4);
    noteAsked(member, round, 3);
    noteAsked(member, { kind: 'test', step: 3 }, 100);
    expect(member.microBatches).toBe(7);
    noteAsked(member, { kind: 'train', step: 3 }, 2);
    expect(member.microBatches).toBe(2);
    noteAsked(member, { kind: 'train', step: 4 }, 0);
    expect(member.microBatches).toBe(0);
  });

  test('is relied on after its first answer, but a guest only after sixteen', () => {
    const guest = { isGuest: true };
    expect(isProven(toyMember(0, { hasAnswered: false }))).toBe(false);
    expect(isProven(toyMember(0, { hasAnswered: true }))).toBe(true);
    expect(isProven(toyMember(0, { ...guest, answeredShares: 15 }))).toBe(false);
    expect(isProven(toyMember(0, { ...guest, answeredShares: 16 }))).toBe(true);
    expect(isProven(toyMember(0, { isOwn: true, hasAnswered: false }))).toBe(true);
  });

  test('has a status without a process id or a speed where none is known', () => {
    const measured = { examplesPerSecond: 70, deviation: 0.5 };
    const status = {
      ...{ rank: 1, name: 'worker 1', state: 'idle', examplesPerSecond: null },
      ...{ place: 'machine', address: '10.0.0.1', runtime: 'node', threads: null },
      isHidden: null,
      ...{ microBatches: 0, answeredShares: 1, lateShares: 0, checkedSums: 100 },
      ...{ sentBytes: 0, receivedBytes: 0, admittedAt: 0 },
    };
    expect(statusOf(toyMember(1))).toStrictEqual(status);
    expect(statusOf(toyMember(1, { throughputs: { test: measured } }))).toStrictEqual(status);
    const runtime = 'browser Firefox 140';
    const known = { pid: 9, runtime, threads: 4, admittedAt: 70, throughputs: { train: measured } };
    expect(statusOf(toyMember(1, known))).toStrictEqual({
      ...status,
      ...{ pid: 9, runtime, threads: 4, admittedAt: 70, examplesPerSecond: 70 },
    });
  });

  test('has a status that says where it is, and what its link carries', () => {
    const worker: Worker = {
      ...{ address: '::ffff:10.0.0.7', isLocal: false, sharesMemory: false, isFree: true },
      ...{ clockOffsetMs: 0, traffic: { sentBytes: 5, receivedBytes: 6 } },
      sendParameters() {},
      sendShare() {},
      close() {},
    };
    const at = (place: Partial<Worker>) =>
      statusOf(toyMember(1, { worker: { ...worker, ...place } }));
    const traffic = { sentBytes: 5, receivedBytes: 6 };
    expect(at({})).toMatchObject({ place: 'network', address: '10.0.0.7', ...traffic });
    expect(at({ isHidden: true })).toMatchObject({ isHidden: true });
    expect(at({ isLocal: true })).toMatchObject({ place: 'machine', address: '10.0.0.7' });
    expect(at({ address: undefined, isLocal: true, sharesMemory: true })).toMatchObject({
      place: 'process',
      address: null,
    });
  });
});
