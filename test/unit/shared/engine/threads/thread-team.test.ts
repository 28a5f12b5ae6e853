import { expect, test } from 'vitest';
import {
  DESK_WORDS,
  type Desk,
  deskIn,
  JOB_NUMBERS,
} from '../../../../../shared/engine/threads/thread-desk.ts';
import { createThreadTeam } from '../../../../../shared/engine/threads/thread-team.ts';

const shared = (words: number) => new Uint32Array(new SharedArrayBuffer(4 * words));
const share = {
  ...{ kind: 0, step: 0, leaves: { lo: 0, hi: 1 } },
  ...{ parameters: { address: 0, length: 0 }, into: [] },
};

/** A team with one thread that does nothing. */
function startTeam() {
  const desk: Desk = deskIn(shared(DESK_WORDS), shared(2 * JOB_NUMBERS), false);
  const team = createThreadTeam([], () => {}, performance.now.bind(performance));
  team.add(desk);
  return { team, desk };
}

test('a thread that owes a sum takes no other job', () => {
  const { team } = startTeam();
  expect(team.freeCount()).toBe(2);
  team.begin(0, share);
  expect(team.freeCount()).toBe(1);
  expect(team.awaitSums(0)).toBeUndefined();
});

test('a thread that ends while it computes fails the share, with a word of what helps', () => {
  const { team, desk } = startTeam();
  team.begin(0, share);
  team.remove(desk, 'it has ended with code 1');
  expect(() => team.awaitSums(0)).toThrow(
    expect.objectContaining({
      code: 'ENGINE',
      message: 'a thread has failed: it has ended with code 1. Try --threads 1.',
    }),
  );
});

test('a thread that ends while it is idle is no part of the team anymore', () => {
  const { team, desk } = startTeam();
  team.remove(desk, 'it has ended with code 1');
  expect(team.freeCount()).toBe(1);
});
