import { describe, expect, test } from 'vitest';
import type { Contribution } from '../../coordinator/gradient-source.ts';
import type { PoolEvent } from '../../coordinator/pool-events.ts';
import { runUntil, startPool } from '../support/simulated-pool.ts';

describe('an audited sum', () => {
  const always = () => true;

  /** Runs a round to its end. */
  async function sumOf({ clock, train }: Pick<ReturnType<typeof startPool>, 'clock' | 'train'>) {
    let sum: { root: Float32Array; contributions: readonly Contribution[] } | undefined;
    train().then(({ root, contributions }) => {
      sum = { root: root.slice(), contributions };
    });
    await runUntil(clock, clock.now() + 200_000, () => sum !== undefined);
    return sum;
  }
  const noticesOf = (events: PoolEvent[]) =>
    events.flatMap((event) => (event.event === 'notice' && event.code === 'audit' ? [event.message] : []));

  test('counts when a second worker has computed it to the same bits', async () => {
    const pool = startPool({ isAudited: always });
    for (let rank = 0; rank < 2; rank++) pool.connectPeer({ computes: true }).join();
    await runUntil(pool.clock, 0);
    const sum = await sumOf(pool);
    expect(sum?.root).toEqual(pool.expected);
    expect(sum?.contributions.map(({ worker, node, use }) => [worker, node.lo, node.hi, use])).toEqual([
      ['peer 1', 0, 8, 'copy'],
      ['peer 0', 0, 8, 'summed'],
      ['peer 0', 8, 16, 'copy'],
      ['peer 1', 8, 16, 'summed'],
    ]);
    expect(pool.pool.counters).toMatchObject({ auditedSums: 2, wrongSums: 0 });
  });

  test.for([0, 1, 2])('that rank %i got wrong by a bit is found, and the liar shut out', async (liarRank) => {
    const { pool, events, clock, connectPeer, ...rest } = startPool({ isAudited: always });
    const peers = [0, 1, 2].map((rank) =>
      connectPeer({ computes: true, lies: rank === liarRank, name: `peer ${rank}` }),
    );
    for (const peer of peers) peer.join();
    await runUntil(clock, 0);
    const sum = await sumOf({ clock, ...rest });
    expect(sum?.root).toEqual(rest.expected);
    await runUntil(clock, clock.now());
    expect(peers.map((peer) => peer.closeCode())).toEqual(
      [0, 1, 2].map((rank) => (rank === liarRank ? 4001 : undefined)),
    );
    expect(noticesOf(events)).toEqual([
      expect.stringMatching(
        `^rank ${liarRank} \\(peer ${liarRank}\\) gave a wrong sum over .* of step 0: it is removed and refused`,
      ),
    ]);
    const again = connectPeer({ name: `peer ${liarRank}` });
    again.join();
    await runUntil(clock, clock.now() + 10, () => again.closeCode() !== undefined);
    expect(again.received.at(-1)).toMatchObject({ code: 'REFUSED', message: 'it gave a wrong sum before' });
    expect(pool.counters).toMatchObject({ wrongSums: 1, leftWorkers: 1, refusedWorkers: 1 });
  });

  test('that is wrong makes all that its worker gave in this round be computed again', async () => {
    let asked = 0;
    // Of the liar's two sums the first is not compared; nor is anybody else's.
    const pool = startPool({ isAudited: () => asked++ === 1 });
    for (const lies of [true, false, false]) pool.connectPeer({ computes: true, lies }).join();
    await runUntil(pool.clock, 0);
    const sum = await sumOf(pool);
    expect(sum?.root).toEqual(pool.expected);
    const ofLiar = sum?.contributions.filter(({ worker }) => worker === 'peer 0');
    expect(ofLiar?.map(({ node, use }) => [node.lo, node.hi, use])).toEqual([
      [0, 4, 'discarded'],
      [4, 6, 'discarded'],
    ]);
    const summed = sum?.contributions.filter(({ use }) => use === 'summed') ?? [];
    expect(summed.reduce((count, { node }) => count + node.hi - node.lo, 0)).toBe(16);
  });

  test('of a worker that is alone is compared with the coordinator’s own, and it says so', async () => {
    const pool = startPool({ isAudited: always });
    pool.connectPeer({ computes: true, lies: true }).join();
    await runUntil(pool.clock, 0);
    pool.train().catch(() => {});
    await runUntil(pool.clock, 1);
    expect(noticesOf(pool.events)).toEqual([
      expect.stringContaining('rank 0 is alone, no other worker can audit it'),
      expect.stringContaining('rank 0 (peer 0) gave a wrong sum over micro-batches 0-15 of step 0'),
    ]);
  });

  test('is not asked for twice where the second worker leaves while it computes', async () => {
    const pool = startPool({ isAudited: always });
    const first = pool.connectPeer({ computes: true });
    const leaves = pool.connectPeer();
    first.join();
    leaves.join();
    await runUntil(pool.clock, 0);
    const sum = sumOf(pool);
    await runUntil(pool.clock, 1);
    const answerNext = async (index: number) => {
      leaves.answer(leaves.shares()[index]);
      await runUntil(pool.clock, pool.clock.now() + 1);
    };
    await answerNext(0);
    expect(leaves.shares()).toMatchObject([
      { lo: 8, hi: 16 },
      { lo: 0, hi: 8 },
    ]);
    leaves.send({ type: 'leaving' });
    await runUntil(pool.clock, pool.clock.now() + 1);
    await answerNext(1);
    expect((await sum)?.root).toEqual(pool.expected);
    expect(pool.pool.counters).toMatchObject({ auditedSums: 2, staleAnswers: 0, duplicateAnswers: 0 });
    expect(noticesOf(pool.events)).toEqual([]);
  });

  test('does not wait for a second worker that stalls', async () => {
    const pool = startPool({ isAudited: always });
    const good = pool.connectPeer({ computes: true });
    const stuck = pool.connectPeer();
    good.join();
    stuck.join();
    await runUntil(pool.clock, 0);
    const sum = await sumOf(pool);
    expect(sum?.root).toEqual(pool.expected);
    expect(pool.clock.now()).toBe(30_000);
  });
});
