import { expect, test } from 'vitest';
import { sceneOf } from '../../coordinator/dashboard/page/steps/timeline-scene.ts';
import { disturbanceTitle } from '../../coordinator/dashboard/page/steps/timeline-text.ts';
import { copiesOf, sumsOf } from '../../coordinator/dashboard/page/steps/tree-layout.ts';
import { additionsOf } from '../../coordinator/dashboard/page/steps/tree-text.ts';
import { detailOf } from '../../coordinator/dashboard/steps/step-detail.ts';
import type { RoundSum } from '../../coordinator/training/gradient-source.ts';
import { workOf } from '../../coordinator/training/ledger.ts';
import { config, runUntil, startPool } from '../support/simulation/simulated-pool.ts';

const LEAVES = config.microBatchCount;

/** The detail of a round that has ended, as the dashboard gets it. */
function detailOfRound({ contributions, timing }: RoundSum, now: number, startedAt: number) {
  const round = {
    round: { kind: 'train', step: 0 } as const,
    milliseconds: now - startedAt,
    ...workOf(contributions),
  };
  const rankOf = (worker: string) => (worker.startsWith('peer 0') ? 0 : 1);
  return detailOf(round, 1, { ...timing, updateMs: 0, doneAt: now }, rankOf);
}

/** Two workers take shares. The first one answers; what the second one does is the test's. */
async function startRound() {
  const pool = startPool();
  const [first, second] = [pool.connectPeer({ computes: true }), pool.connectPeer()];
  first.join();
  second.join();
  await runUntil(pool.clock, pool.clock.now());
  const startedAt = pool.clock.now();
  let sum: RoundSum | undefined;
  pool.train().then((result) => {
    sum = result;
  });
  await runUntil(pool.clock, startedAt + 5);
  const finish = async () => {
    await runUntil(pool.clock, startedAt + 100_000, () => sum !== undefined);
    if (!sum) throw new Error('the round has not ended');
    expect(sum.root).toEqual(pool.expected);
    return detailOfRound(sum, pool.clock.now(), startedAt);
  };
  return { second, finish };
}

test('the pictures of a step show a lost share and the one that replaced it', async () => {
  const { second, finish } = await startRound();
  second.send({ type: 'error', code: 'TEST', message: 'goes' });
  const detail = await finish();
  const scene = sceneOf([detail], []);
  expect(scene.rows).toEqual([null, 0, 1]);
  expect(scene.marks.map(({ kind, row }) => [kind, row])).toEqual([
    ['cross', 2],
    ['first', 1],
  ]);
  expect(scene.descents).toMatchObject([[{ row: 2 }, { row: 1 }]]);
  expect(disturbanceTitle([detail])).toMatch(
    /^In step 0, rank 1 was lost; rank 0 computed micro-batches \d+-\d+ again\.$/,
  );
  expect(copiesOf(detail).map(({ share }) => share.rank)).toEqual([1]);
  expect([...additionsOf(sumsOf(detail, LEAVES)).keys()]).toEqual([0, null]);
});

test('the tree of a step has all sums that were added, and nothing else', async () => {
  const { second, finish } = await startRound();
  for (const share of second.shares()) second.answer(share);
  const detail = await finish();
  const sums = sumsOf(detail, LEAVES);
  expect(sums.map(({ lo, hi, rank }) => ({ lo, hi, rank }))).toEqual(
    [...detail.work].sort((a, b) => a.lo - b.lo),
  );
  expect(sums.every(({ isKnown, ms }) => isKnown && ms !== undefined)).toBe(true);
  const additions = [...additionsOf(sums).values()];
  expect(additions.reduce((all, count) => all + count, 0)).toBe(LEAVES - 1);
  expect(copiesOf(detail)).toEqual([]);
  expect(disturbanceTitle([detail])).toBeUndefined();
});
