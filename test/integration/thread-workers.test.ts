import { setImmediate } from 'node:timers/promises';
import { describe, expect, onTestFinished, test } from 'vitest';
import { WorkerPool } from '../../coordinator/cluster/worker-pool.ts';
import type { PoolEvent } from '../../coordinator/reporting/pool-events.ts';
import { LocalSource } from '../../coordinator/training/local-source.ts';
import { createParameterServer } from '../../coordinator/training/parameter-server.ts';
import { startThreadWorkers } from '../../deploy/local/thread-workers.ts';
import { assert } from '../../shared/assert.ts';
import { isSharedEngine } from '../../shared/engine/threads/shared-engine.ts';
import { openSharedEngine } from '../../shared/host/load-engine.ts';
import { createPartialSumComputer } from '../../shared/round/partial-sum-computer.ts';
import { createWorkload } from '../../shared/round/workload.ts';
import { systemClock } from '../../shared/system-clock.ts';
import { createToyDataset } from '../support/toy-dataset.ts';
import { toyConfig } from '../support/toy-run.ts';

const dataset = createToyDataset();
const config = toyConfig(dataset);
const { signal } = new AbortController();
/** The word of the shared memory that says how much of it was taken, in cache lines. */
const END_WORD = 16;

/** A pool with workers of threads. `sum` makes a step's sum, and `expected` is what it must be. */
async function startPool(count: number, threads: number) {
  const engine = openSharedEngine('strict');
  assert(isSharedEngine(engine), 'the fast kernels are here');
  const workload = createWorkload(config, dataset);
  const computer = createPartialSumComputer(engine, config, workload);
  const { roundedParameters: parameters } = createParameterServer(engine, config, workload);
  const round = { kind: 'train', step: 0 } as const;
  const local = new LocalSource(computer, workload, setImmediate);
  const expected = [...(await local.sum(round, parameters, signal)).root];
  const events: PoolEvent[] = [];
  const failures: Error[] = [];
  const notices: string[] = [];
  let identityCount = 0;
  const pool = new WorkerPool({
    clock: systemClock,
    config,
    workload,
    engine,
    recompute: () => {
      throw new Error('nothing is audited');
    },
    isTokenValid: () => true,
    makeIdentity: () => `identity ${identityCount++}`,
    report: (event) => events.push(event),
  });
  const takenMemory = () => new Uint32Array(engine.shared.memory.buffer)[END_WORD];
  const takenBefore = takenMemory();
  const workers = startThreadWorkers(
    {
      engine,
      config,
      dataset,
      url: 'ws://127.0.0.1:1',
      token: undefined,
      connectThreads: (own) => pool.connectThreads(own),
      issueIdentity: () => pool.issueIdentity(),
      noteKilled: (identity) => pool.noteKilled(identity),
      report: () => {},
    },
    {
      count,
      threads,
      onRestart: (message) => notices.push(message),
      onFailure: (error) => failures.push(error),
    },
  );
  onTestFinished(async () => {
    pool.close({ why: 'finished' });
    await workers.stop();
    expect(failures).toEqual([]);
  });
  await pool.waitForWorkers(count, signal);
  /** The worker of a rank, as whoever has started it sees it. */
  function ownOf(rank: number) {
    const member = pool.controls().find((each) => each.rank === rank);
    const own = member && workers.find(member.identity);
    assert(own !== undefined, `rank ${rank} is here, and its worker is ours`);
    return own;
  }
  return {
    pool,
    workers,
    events,
    notices,
    expected,
    ownOf,
    sum: async () => [...(await pool.sum(round, parameters, signal)).root],
    takenMemory,
    takenBefore,
    names: () => pool.workers().map(({ name }) => name),
  };
}

describe('a worker of threads', () => {
  test('begins in the order of its name, and its sums are right', async () => {
    const { names, sum, expected } = await startPool(3, 1);
    expect(names()).toEqual(['local-0', 'local-1', 'local-2']);
    expect(await sum()).toEqual(expected);
  });

  test('that is killed while it computes is started again, in the same memory', async () => {
    const { pool, sum, expected, ownOf, notices, takenMemory, takenBefore } = await startPool(2, 2);
    await sum();
    const takenByTwo = takenMemory() - takenBefore;
    for (let kills = 0; kills < 12; kills++) {
      const [rank] = pool.workers().map((worker) => worker.rank);
      const during = sum();
      ownOf(rank).kill();
      expect(pool.worldSize).toBe(1);
      expect(await during).toEqual(expected);
      await pool.waitForWorkers(2, signal);
      expect(await sum()).toEqual(expected);
    }
    // Shares of other sizes may need more, but not what twelve more workers would take.
    expect(takenMemory() - takenBefore).toBeLessThan(2 * takenByTwo);
    expect(notices).toHaveLength(12);
    expect(notices[0]).toBe('worker local-0 ended (killed); starting it again');
  });

  test('that is killed alone holds the round up until it is back', async () => {
    const { sum, expected, ownOf, events } = await startPool(1, 1);
    const during = sum();
    ownOf(0).kill();
    expect(await during).toEqual(expected);
    expect(events).toContainEqual(expect.objectContaining({ state: 'left', reason: 'killed' }));
  });

  test('whose answers are held back does not hold the others up', async () => {
    const { pool, sum, expected, ownOf, events } = await startPool(2, 1);
    // Deadlines follow from what was measured.
    for (let i = 0; i < 30; i++) await sum();
    const own = ownOf(0);
    expect(own.kind).toBe('threads');
    own.stall(60_000);
    expect(await sum()).toEqual(expected);
    const late = events.filter((event) => event.event === 'notice' && event.code === 'late');
    expect(late.length).toBeGreaterThan(0);
    own.stall(0);
    expect(await sum()).toEqual(expected);
    expect(pool.worldSize).toBe(2);
  });

  test('that leaves finishes its share, and is not started again', async () => {
    const { pool, workers, sum, expected, ownOf, events, notices } = await startPool(2, 1);
    const own = ownOf(1);
    const during = sum();
    own.leave(true);
    expect(await during).toEqual(expected);
    expect(pool.worldSize).toBe(1);
    expect(events.at(-1)).toMatchObject({ state: 'left', name: 'local-1', reason: 'drained' });
    while (workers.count > 1) await setImmediate();
    expect(notices).toEqual([]);
    expect(await sum()).toEqual(expected);
  });

  test('that is started later takes part', async () => {
    const { pool, workers, sum, expected, names } = await startPool(1, 1);
    expect(workers.start()).toBe('local-1');
    await pool.waitForWorkers(2, signal);
    expect(names()).toEqual(['local-0', 'local-1']);
    expect(await sum()).toEqual(expected);
  });
});
