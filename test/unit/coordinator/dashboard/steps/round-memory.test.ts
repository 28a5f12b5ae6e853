import { describe, expect, test } from 'vitest';
import { createRoundMemory } from '../../../../../coordinator/dashboard/steps/round-memory.ts';
import type { AssignedShare } from '../../../../../coordinator/training/gradient-source.ts';

const share = (rank: number, lo: number, hi: number): AssignedShare => ({
  ...{ rank, leaves: { lo, hi }, startMs: 0, deadlineMs: 20, purpose: 'need' },
});
const first = share(0, 0, 8);
const second = share(1, 8, 16);
const rankOf = () => 7;

/** A memory, and how to add a step with its shares. */
function createMemory() {
  const memory = createRoundMemory();
  let step = 0;
  const add = (...assignments: AssignedShare[]) => {
    const round = { kind: 'train', step } as const;
    step++;
    const work: [number, number, string][] = [[0, 16, 'a/1']];
    const times = { assignments, updateMs: 0, doneAt: step * 2 };
    memory.add({ round, milliseconds: 2, loss: 1, work, times }, step);
  };
  const disturbedAfter = (end: number) =>
    memory.disturbedAfter(end, rankOf)?.map((detail) => detail.step);
  return { memory, add, disturbedAfter };
}

describe('the newest step in which a share was computed again', () => {
  test('is kept with the steps before and after it', () => {
    const { add, disturbedAfter } = createMemory();
    for (let i = 0; i < 3; i++) add(first, second);
    expect(disturbedAfter(-1)).toBeUndefined();
    add(first, second, share(0, 8, 16));
    for (let i = 0; i < 30; i++) add(first, second);
    expect(disturbedAfter(-1)).toEqual([2, 3, 4]);
    add(first, second, share(0, 12, 16));
    expect(disturbedAfter(-1)).toEqual([33, 34]);
  });

  test('is given once', () => {
    const { add, disturbedAfter } = createMemory();
    add(first, second, share(0, 8, 16));
    expect(disturbedAfter(0)).toEqual([0]);
    expect(disturbedAfter(1)).toBeUndefined();
    add(first, second);
    expect(disturbedAfter(1)).toEqual([0, 1]);
    add(first, second);
    expect(disturbedAfter(2)).toBeUndefined();
  });

  test('is not one with a trial or an audit', () => {
    const { add, disturbedAfter } = createMemory();
    add(first, second, { ...share(2, 0, 4), purpose: 'trial' });
    add(first, second, { ...share(1, 0, 8), purpose: 'audit' });
    expect(disturbedAfter(-1)).toBeUndefined();
  });
});

test('an evaluation is among the newest rounds, in its place', () => {
  const { memory, add } = createMemory();
  add(first, second);
  const round = { kind: 'test', step: 1 } as const;
  const times = { assignments: [share(0, 0, 20)], updateMs: 0, doneAt: 9 };
  memory.add({ round, milliseconds: 3, loss: null, work: [[0, 20, null]], times }, 1);
  add(first, second);
  expect(memory.newest(rankOf)).toMatchObject([
    { kind: 'train', step: 0, loss: 1, work: [{ rank: 7 }] },
    { kind: 'test', step: 1, loss: null, startedAt: 6, shares: [{ rank: 0, lo: 0, hi: 20 }] },
    { kind: 'train', step: 1 },
  ]);
});

test('rounds of many shares leave room for fewer of them, but for one at least', () => {
  const { memory, add } = createMemory();
  const shares = (count: number) => Array.from({ length: count }, (_, i) => share(i, i, i + 1));
  for (let i = 0; i < 20; i++) add(...shares(400));
  expect(memory.newest(rankOf).map(({ step }) => step)).toEqual([17, 18, 19]);
  add(...shares(5000));
  expect(memory.newest(rankOf).map(({ step }) => step)).toEqual([20]);
});
