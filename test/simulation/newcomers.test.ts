import { describe, expect, test } from 'vitest';
import { createPartialSumComputer } from '../../shared/round/partial-sum-computer.ts';
import { runWorker } from '../../worker/run-worker.ts';
import type { CreateComputer } from '../../worker/workbench.ts';
import {
  connection,
  dataset,
  never,
  runUntil,
  startPool,
} from '../support/simulation/simulated-pool.ts';
import { sleepOn } from '../support/simulation/simulated-process.ts';
import { naiveEngine } from '../support/toy-run.ts';

const COMPILING_MS = 100;

/** Computes at once, except for the first share: then its kernels are being compiled. */
const createColdComputer: CreateComputer = (engine, config, _, workload) => {
  const computer = createPartialSumComputer(engine, config, workload);
  let isCold = true;
  return {
    *compute(...share) {
      if (isCold) yield;
      isCold = false;
      for (const sum of computer.compute(...share)) if (sum) yield sum;
    },
  };
};

/** Starts a worker of the coordinator's own process. Returns how long it took until it joined. */
function startColdWorker({ clock, pool }: ReturnType<typeof startPool>) {
  const startedAt = clock.now();
  let joinedMs: number | undefined;
  const options = {
    url: 'ws://test',
    clock,
    random: () => 0.5,
    firstRetryMs: 0,
    retryMs: 0,
    async dial() {
      const { openFirst, openSecond } = connection(clock);
      pool.connect(openFirst);
      return openSecond;
    },
    session: {
      clock,
      openEngine: () => naiveEngine,
      createComputer: createColdComputer,
      identity: { name: 'cold', numerics: ['strict'], identity: pool.issueIdentity() },
      loadDataset: async () => dataset,
      pause: () => sleepOn(clock, COMPILING_MS),
    },
    report() {
      joinedMs ??= clock.now() - startedAt;
    },
  };
  void runWorker(options, never);
  return () => joinedMs;
}

describe('a newcomer', () => {
  /** A pool with one worker that has answered a share. */
  async function startProvenPool() {
    const pool = startPool();
    const proven = pool.connectPeer({ computes: true });
    proven.join();
    await runUntil(pool.clock, 0);
    await timeOfRound(pool);
    return { ...pool, proven };
  }

  /** Runs a round and returns how long it took, in ms. */
  async function timeOfRound({ clock, train, expected }: ReturnType<typeof startPool>) {
    const begin = clock.now();
    let sum: Float32Array | undefined;
    train().then(({ root }) => {
      sum = root.slice();
    });
    await runUntil(clock, begin + 100_000, () => sum !== undefined);
    expect(sum).toEqual(expected);
    return clock.now() - begin;
  }

  test('that takes a share and says nothing costs no round any time', async () => {
    const pool = await startProvenPool();
    const newcomer = pool.connectPeer();
    newcomer.join();
    await runUntil(pool.clock, pool.clock.now());
    expect(await timeOfRound(pool)).toBe(0);
    expect(newcomer.shares()).toHaveLength(1);
    expect(pool.proven.shares()).toHaveLength(2);
    expect(pool.pool.counters).toMatchObject({ reassignedShares: 0, lateShares: 0 });
    expect(pool.events.filter(({ event }) => event === 'notice')).toEqual([]);
  });

  test('compiles its kernels before it is ready, and no round waits for that', async () => {
    const pool = await startProvenPool();
    const joinedMs = startColdWorker(pool);
    await runUntil(pool.clock, pool.clock.now() + 10_000, () => joinedMs() !== undefined);
    expect(joinedMs()).toBe(COMPILING_MS);
    await runUntil(pool.clock, pool.clock.now());
    expect(await timeOfRound(pool)).toBe(0);
    expect(pool.pool.workers().map(({ answeredShares }) => answeredShares)).toEqual([2, 1]);
  });

  test('that answers gets its part of the next round', async () => {
    const pool = await startProvenPool();
    const newcomer = pool.connectPeer({ computes: true });
    newcomer.join();
    await runUntil(pool.clock, pool.clock.now());
    await timeOfRound(pool);
    await runUntil(pool.clock, pool.clock.now() + 10);
    await timeOfRound(pool);
    const [trial, share] = newcomer.shares();
    const others = pool.proven.shares().at(-1);
    expect(trial).toMatchObject({ type: 'share' });
    expect(share.hi - share.lo + (others ? others.hi - others.lo : 0)).toBe(16);
  });

  test('gets no share for a while if others of its address went without answer', async () => {
    const pool = await startProvenPool();
    const address = '10.9.9.9';
    /** Joins, takes a share if it gets one, and goes. */
    const takeAndGo = async () => {
      const fake = pool.connectPeer({ address });
      fake.join();
      await runUntil(pool.clock, pool.clock.now());
      await timeOfRound(pool);
      fake.send({ type: 'error', code: 'TEST', message: 'goes' });
      await runUntil(pool.clock, pool.clock.now() + 1);
      return fake.shares().length;
    };
    expect(await takeAndGo()).toBe(1);
    expect(await takeAndGo()).toBe(0);
    const patient = pool.connectPeer({ address });
    patient.join();
    await runUntil(pool.clock, pool.clock.now() + 3_000);
    await timeOfRound(pool);
    expect(patient.shares()).toHaveLength(1);
    expect(pool.pool.counters.reassignedShares).toBe(0);
  });
});

test('a late worker is not waited for, although it is the only proven one', async () => {
  const pool = startPool();
  const proven = pool.connectPeer();
  proven.join();
  await runUntil(pool.clock, 0);
  const first = pool.train();
  await runUntil(pool.clock, pool.clock.now());
  for (const share of proven.shares()) proven.answer(share);
  await Promise.all([first, runUntil(pool.clock, pool.clock.now())]);

  let sum: Float32Array | undefined;
  pool.train().then(({ root }) => {
    sum = root.slice();
  });
  await runUntil(pool.clock, pool.clock.now() + 20_000);
  const newcomer = pool.connectPeer({ computes: true });
  newcomer.join();
  await runUntil(pool.clock, pool.clock.now() + 100_000, () => sum !== undefined);
  expect(sum).toEqual(pool.expected);
});
