import { describe, expect, test } from 'vitest';
import type { PoolEvent } from '../../coordinator/reporting/pool-events.ts';
import type { Contribution } from '../../coordinator/training/gradient-source.ts';
import type { CoordinatorMessage } from '../../shared/protocol/messages.ts';
import { runUntil, startPool } from '../support/simulation/simulated-pool.ts';

describe('an audit', () => {
  /** Other workers check every sum. */
  const always = { audit: { isSelected: () => true, isCheckedHere: () => false } };

  /** Runs a round to its end and returns a copy of its sum. */
  async function sumOf({ clock, train }: Pick<ReturnType<typeof startPool>, 'clock' | 'train'>) {
    let sum: { root: Float32Array; contributions: readonly Contribution[] } | undefined;
    train().then(({ root, contributions }) => {
      sum = { root: root.slice(), contributions };
    });
    await runUntil(clock, clock.now() + 200_000, () => sum !== undefined);
    return sum;
  }
  const noticesOf = (events: PoolEvent[]) =>
    events.flatMap((event) =>
      event.event === 'notice' && event.code === 'audit' ? [event.message] : [],
    );

  test('accepts a sum that a second worker computed to the same bits', async () => {
    const pool = startPool(always);
    for (let rank = 0; rank < 2; rank++) pool.connectPeer({ computes: true }).join();
    await runUntil(pool.clock, 0);
    const sum = await sumOf(pool);
    expect(sum?.root).toEqual(pool.expected);
    expect(
      sum?.contributions.map(({ worker, node, use }) => [worker, node.lo, node.hi, use]),
    ).toEqual([
      ['peer 1', 0, 8, 'copy'],
      ['peer 0', 0, 8, 'summed'],
      ['peer 0', 8, 16, 'copy'],
      ['peer 1', 8, 16, 'summed'],
    ]);
    expect(pool.pool.counters).toMatchObject({ auditedSums: 2, wrongSums: 0 });
  });

  test.for([0, 1, 2])('finds and expels rank %i, whose sum has a wrong bit', async (liarRank) => {
    const { pool, events, clock, connectPeer, ...rest } = startPool(always);
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
        `^rank ${liarRank} \\(peer ${liarRank}\\) gave a wrong sum over .* of step 0: ` +
          'it is removed and refused, .*; the gradient of .* agrees, but the gradient of ' +
          'dense1.weight differs by up to \\d+ units in the last place, in 1 of 140 values: ',
      ),
    ]);
    const [welcome] = peers[liarRank].received.filter(({ type }) => type === 'welcome');
    const { identity } = welcome as Extract<CoordinatorMessage, { type: 'welcome' }>;
    const again = connectPeer({ identity });
    again.join();
    await runUntil(clock, clock.now() + 10, () => again.closeCode() !== undefined);
    expect(again.received.at(-1)).toMatchObject({
      code: 'REFUSED',
      message: 'it gave a wrong sum before',
    });
    expect(pool.counters).toMatchObject({ wrongSums: 1, leftWorkers: 1, refusedWorkers: 1 });
    expect(pool.refusals).toMatchObject({ expelled: 1, token: 0, full: 0 });
  });

  test('discards every sum that an expelled worker gave in the round', async () => {
    let asked = 0;
    // Only the second sum is audited. The first two sums are the liar's.
    const audit = { isSelected: () => asked++ === 1, isCheckedHere: () => false };
    const pool = startPool({ audit });
    for (const lies of [true, false, false])
      pool.connectPeer({ computes: true, lies, isOwn: true }).join();
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
    // The tree began again, and of all sums only that of the second worker over [4, 6) was kept.
    expect(pool.pool.counters).toMatchObject({ lostLeaves: 0, discardedLeaves: 14 });
  });

  test('compares the sum of an only worker with the coordinator’s own sum', async () => {
    const pool = startPool(always);
    pool.connectPeer({ computes: true, lies: true }).join();
    await runUntil(pool.clock, 0);
    pool.train().catch(() => {});
    await runUntil(pool.clock, 1);
    expect(noticesOf(pool.events)).toEqual([
      expect.stringContaining('no worker of another address can check rank 0'),
      expect.stringContaining('rank 0 (peer 0) gave a wrong sum over micro-batches 0-15 of step 0'),
    ]);
  });

  test('asks no other worker if the second worker leaves while it computes', async () => {
    const pool = startPool(always);
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
    expect(pool.pool.counters).toMatchObject({
      auditedSums: 2,
      staleAnswers: 0,
      duplicateAnswers: 0,
    });
    expect(noticesOf(pool.events)).toEqual([]);
  });

  test('waits for a stalled second worker only until the deadline', async () => {
    const pool = startPool(always);
    const good = pool.connectPeer({ computes: true });
    const stuck = pool.connectPeer();
    good.join();
    stuck.join();
    await runUntil(pool.clock, 0);
    const sum = await sumOf(pool);
    expect(sum?.root).toEqual(pool.expected);
    expect(pool.clock.now()).toBe(30_000);
  });

  test('is made by no worker from the address of the author', async () => {
    const pool = startPool(always);
    const sharing = { computes: true, lies: true, address: '10.9.9.9' };
    for (let i = 0; i < 3; i++) pool.connectPeer(sharing).join();
    pool.connectPeer({ computes: true }).join();
    await runUntil(pool.clock, 0);
    const sum = await sumOf(pool);
    expect(sum?.root).toEqual(pool.expected);
    expect(pool.pool.counters.wrongSums).toBeGreaterThan(0);
  });

  test('by the coordinator finds liars that agree with one another', async () => {
    const pool = startPool({ audit: { isSelected: () => true, isCheckedHere: () => true } });
    for (let i = 0; i < 3; i++) pool.connectPeer({ computes: true, lies: true }).join();
    pool.connectPeer({ computes: true }).join();
    await runUntil(pool.clock, 0);
    const sum = await sumOf(pool);
    expect(sum?.root).toEqual(pool.expected);
    expect(pool.pool.counters.wrongSums).toBe(3);
  });

  test('always finds a liar that has just joined, and soon keeps its address out', async () => {
    const pool = startPool({ audit: { isSelected: () => false, isCheckedHere: () => false } });
    pool.connectPeer({ computes: true }).join();
    await runUntil(pool.clock, 0);
    const codes: (number | undefined)[] = [];
    for (let i = 0; i < 5; i++) {
      const liar = pool.connectPeer({ computes: true, lies: true, address: '10.9.9.9' });
      liar.join();
      // What comes too late for a round is not used, so it is not checked either.
      for (let round = 0; round < 4 && liar.closeCode() === undefined; round++) {
        await runUntil(pool.clock, pool.clock.now() + 1);
        const sum = await sumOf(pool);
        expect(sum?.root).toEqual(pool.expected);
        await runUntil(pool.clock, pool.clock.now() + 1_000);
      }
      codes.push(liar.closeCode());
    }
    expect(codes).toEqual([4001, 4001, 4001, 4001, 4001]);
    expect(pool.pool.counters).toMatchObject({ wrongSums: 3, refusedWorkers: 2 });
  });
});
