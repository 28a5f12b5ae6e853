import { describe, expect, test } from 'vitest';
import { PROTOCOL_VERSION } from '../../shared/protocol/limits.ts';
import { runUntil, startPool } from '../support/simulation/simulated-pool.ts';

/** A pool with peers of these names, which compute. Our process has started those named "own…". */
async function startPeers(names: readonly string[], options: Parameters<typeof startPool>[0] = {}) {
  const pool = startPool(options);
  const peers = names.map((name) =>
    pool.connectPeer({ name, computes: true, address: '10.0.0.7', isOwn: name.startsWith('own') }),
  );
  for (const peer of peers) peer.join();
  await runUntil(pool.clock, 0);
  const controlsOf = (rank: number) => {
    const controls = pool.pool.controls().find((member) => member.rank === rank);
    if (!controls) throw new Error(`no rank ${rank}`);
    return controls;
  };
  /** Begins a step. The function that it returns lets time pass until the step has its sum. */
  function begin() {
    const startedAt = pool.clock.now();
    let root: Float32Array | undefined;
    pool.train().then((sum) => {
      root = sum.root.slice();
    });
    return async () => {
      await runUntil(pool.clock, startedAt + 100_000, () => root !== undefined);
      const ms = pool.clock.now() - startedAt;
      // What was sent arrives.
      await runUntil(pool.clock, pool.clock.now());
      return { root, ms };
    };
  }
  const step = () => begin()();
  return { ...pool, peers, controlsOf, begin, step };
}

test('everybody who was admitted can be controlled, by rank', async () => {
  const { pool, connectPeer, clock } = await startPeers(['own', 'far']);
  const preparing = connectPeer({ name: 'getting ready' });
  preparing.send({ type: 'hello', protocolVersion: 7, name: 'unready', numerics: ['strict'] });
  await runUntil(clock, 1);
  expect(pool.controls().map(({ rank, name, identity }) => [rank, name, identity])).toEqual([
    [0, 'own', 'identity 0'],
    [1, 'far', 'identity 1'],
    [2, 'unready', 'identity 2'],
  ]);
});

test('a worker that this process has killed is gone for that reason, ready or not', async () => {
  const { pool, connectPeer, controlsOf, clock, events } = await startPeers(['own', 'own too']);
  const identity = pool.issueIdentity();
  const preparing = connectPeer({ name: 'unready', identity });
  const hello = { protocolVersion: PROTOCOL_VERSION, name: 'unready', identity } as const;
  preparing.send({ type: 'hello', ...hello, numerics: ['strict'] });
  await runUntil(clock, 1);
  for (const rank of [1, 2]) {
    pool.noteKilled(controlsOf(rank).identity);
    // The connection breaks off, as that of a dead process does.
    controlsOf(rank).cut();
  }
  await runUntil(clock, 1);
  expect(events).toContainEqual(
    expect.objectContaining({ rank: 1, state: 'left', reason: 'killed' }),
  );
  const message = 'worker unready went before it was ready (killed)';
  expect(events).toContainEqual({ event: 'notice', code: 'unready', message });
});

describe('a connection that is cut', () => {
  test('breaks off without a goodbye, and others compute its share', async () => {
    const { peers, controlsOf, begin, expected, events, pool } = await startPeers(['a', 'b']);
    const [cut] = peers;
    const finish = begin();
    controlsOf(0).cut();
    expect((await finish()).root).toEqual(expected);
    expect(cut.closeCode()).toBe(1006);
    expect(cut.received.map(({ type }) => type)).not.toContain('goodbye');
    expect(cut.received.map(({ type }) => type)).not.toContain('error');
    expect(events).toContainEqual(
      expect.objectContaining({
        state: 'left',
        rank: 0,
        reason: 'its connection was cut, as somebody asked',
      }),
    );
    expect(pool.worldSize).toBe(1);
  });
});

describe('a worker whose answers are held back', () => {
  test('is late, loses its share to another one, and changes nothing when it answers', async () => {
    const { clock, controlsOf, step, expected, pool } = await startPeers(['a', 'b']);
    controlsOf(0).hold(60_000);
    const { root, ms } = await step();
    expect(root).toEqual(expected);
    expect(ms).toBe(30_000); // the deadline of a first share
    expect(pool.counters).toMatchObject({ lateShares: 1, staleAnswers: 0 });
    await runUntil(clock, 60_000, () => pool.counters.staleAnswers > 0);
    expect(pool.counters).toMatchObject({ staleAnswers: 1, leftWorkers: 0 });
    expect((await step()).root).toEqual(expected);
    expect(pool.workers()[0].state).toBe('idle');
  });

  test('answers pings meanwhile, and is not taken for dead', async () => {
    const { clock, controlsOf, step, pool, peers } = await startPeers(['a', 'b']);
    controlsOf(0).hold(50_000);
    await step();
    await runUntil(clock, 49_000);
    expect(peers[0].closeCode()).toBeUndefined();
    expect(pool.worldSize).toBe(2);
  });
});

describe('a worker that is dismissed', () => {
  test('finishes its share, and is told to go for good', async () => {
    const { controlsOf, begin, expected, peers, events } = await startPeers(['a', 'b']);
    const finish = begin();
    controlsOf(0).dismiss();
    expect(peers[0].closeCode()).toBeUndefined();
    expect((await finish()).root).toEqual(expected);
    expect(peers[0].received.at(-1)).toEqual({ type: 'goodbye', reason: 'drained' });
    expect(peers[0].closeCode()).toBe(1000);
    expect(peers[0].shares()).toHaveLength(1);
    expect(events.at(-1)).toMatchObject({ state: 'left', rank: 0, reason: 'drained' });
  });

  test('goes at once if it owes nothing, and also before it is ready', async () => {
    const { clock, controlsOf, connectPeer, peers } = await startPeers(['a']);
    const unready = connectPeer();
    unready.send({ type: 'hello', protocolVersion: 7, name: 'b', numerics: ['strict'] });
    await runUntil(clock, 1);
    for (const rank of [0, 1]) controlsOf(rank).dismiss();
    await runUntil(clock, 2);
    for (const peer of [peers[0], unready])
      expect(peer.received.at(-1)).toEqual({ type: 'goodbye', reason: 'drained' });
  });

  test('does not wait for answers that were held back', async () => {
    const { clock, controlsOf, begin, expected, peers } = await startPeers(['a', 'b']);
    controlsOf(0).hold(60_000);
    const finish = begin();
    await runUntil(clock, 5_000);
    controlsOf(0).dismiss();
    const { root, ms } = await finish();
    expect(root).toEqual(expected);
    expect(ms).toBeLessThan(5_001);
    expect(peers[0].closeCode()).toBe(1000);
  });

  test('but does not answer is let go after 8 s', async () => {
    const { clock, pool, connectPeer, train, expected } = startPool();
    const [stuck, good] = [connectPeer(), connectPeer({ computes: true })];
    stuck.join();
    good.join();
    await runUntil(clock, 0);
    let root: Float32Array | undefined;
    train().then((sum) => {
      root = sum.root.slice();
    });
    await runUntil(clock, 1);
    pool.controls()[0].dismiss();
    const endedAt = await runUntil(clock, 20_000, () => root !== undefined);
    expect(endedAt).toBeGreaterThanOrEqual(8_000);
    expect(endedAt).toBeLessThan(9_000);
    expect(root).toEqual(expected);
    expect(stuck.received.at(-1)).toEqual({ type: 'goodbye', reason: 'drained' });
  });
});

describe('a bit that is flipped here', () => {
  const always = { audit: { isSelected: () => true, isCheckedHere: () => false } };

  test.for([
    ['own a', 'own b'],
    ['own a', 'b'], // whose first share is a trial: nobody looks at it
    ['own a', 'own b', 'own c'],
  ])('is found by the audit, and its worker is removed: %j', async (names) => {
    const { controlsOf, step, expected, peers, events } = await startPeers(names, always);
    controlsOf(1).corrupt();
    for (let steps = 0; peers[1].closeCode() === undefined && steps < 5; steps++)
      expect((await step()).root).toEqual(expected);
    expect(peers[1].closeCode()).toBe(4001);
    expect(events).toContainEqual(
      expect.objectContaining({
        code: 'audit',
        message: expect.stringMatching(`^rank 1 \\(${names[1]}\\) gave a wrong sum`),
      }),
    );
  });

  test('is not held against the others of its address', async () => {
    const { clock, connectPeer, controlsOf, step, expected } = await startPeers(['own a'], always);
    for (let i = 0; i < 5; i++) {
      const victim = connectPeer({ computes: true, name: `victim ${i}`, address: '10.0.0.7' });
      victim.join();
      await runUntil(clock, clock.now());
      controlsOf(1).corrupt();
      for (let steps = 0; victim.closeCode() === undefined && steps < 5; steps++)
        expect((await step()).root).toEqual(expected);
      expect(victim.closeCode()).toBe(4001);
    }
    const last = connectPeer({ computes: true, name: 'last', address: '10.0.0.7' });
    last.join();
    await runUntil(clock, clock.now());
    expect(last.closeCode()).toBeUndefined();
  });
});
