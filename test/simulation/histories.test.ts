import { describe, expect, test } from 'vitest';
import type { RunConfig } from '../../shared/run-config.ts';
import { createDraws } from '../support/draws.ts';
import { type History, type HistoryCounters, simulate } from '../support/simulated-cluster.ts';
import { createToyDataset } from '../support/toy-dataset.ts';
import { hashOf, toyConfig, trainLocally } from '../support/toy-run.ts';

const EPOCHS = 3;
const dataset = createToyDataset();

/** One run a number of micro-batches; the second is no power of two, and its last batch has empty ones. */
const CONFIGS: readonly RunConfig[] = [
  toyConfig(dataset, { microBatchCount: 16 }),
  toyConfig(dataset, {
    microBatchCount: 13,
    globalBatch: 51,
    optimizer: { name: 'nesterov', momentum: 0.8 },
  }),
  toyConfig(dataset, { microBatchCount: 6, globalBatch: 30, seed: 2 }),
];
const undisturbed = CONFIGS.map(async (config) => {
  const { server, progress } = await trainLocally(config, dataset, EPOCHS);
  return { hash: hashOf(server), progress };
});

/** What befalls history `seed`: any mixture of faults, from none to all at once. */
function historyOf(seed: number): History {
  const draws = createDraws(1_000_000 + seed);
  const sometimes = (meanMs: number) =>
    draws.chance(0.5) ? meanMs * (0.3 + 2 * draws.fraction()) : undefined;
  const rarely = (probability: number) => (draws.chance(0.5) ? draws.fraction() * probability : 0);
  const network = {
    delayMaxMs: draws.pick([0, 5, 50, 400]),
    loss: rarely(0.01),
    duplicate: rarely(0.05),
    cut: rarely(0.01),
  };
  const events = {
    killEveryMs: sometimes(3_000),
    drainEveryMs: sometimes(5_000),
    joinEveryMs: sometimes(2_000),
    stallEveryMs: sometimes(4_000),
    coordinatorCrashEveryMs: sometimes(10_000),
  };
  const workerCount = draws.integer(1, 7);
  const base = {
    seed,
    config: CONFIGS[seed % CONFIGS.length],
    dataset,
    epochs: EPOCHS,
    workerCount,
    network,
  };
  return { ...base, ...(events as Partial<History>), faultsEndMs: 120_000 };
}

describe('whatever befalls the cluster, the run ends with the bits of the undisturbed one', () => {
  const total: Partial<HistoryCounters> = {};

  test('the histories are such that this could go wrong: rounding depends on the order of addition', async () => {
    const { hash } = await undisturbed[0];
    const other = await trainLocally({ ...CONFIGS[0], microBatchCount: 8 }, dataset, EPOCHS);
    expect(hashOf(other.server)).not.toBe(hash);
  });

  test.for(Array.from({ length: 8 }, (_, block) => block))('histories of block %i', async (block) => {
    for (let seed = block * 50; seed < (block + 1) * 50; seed++) {
      const { counters, simulatedMs, hash, progress } = await simulate(historyOf(seed));
      const expected = await undisturbed[seed % CONFIGS.length];
      expect({ hash, progress }, `history ${seed}, ${simulatedMs} simulated ms`).toEqual(expected);
      for (const [name, count] of Object.entries(counters)) {
        const key = name as keyof HistoryCounters;
        total[key] = (total[key] ?? 0) + count;
      }
    }
  });

  test('and faults of every kind really happened, many times', () => {
    const { refusedWorkers, ...faults } = total;
    expect(refusedWorkers).toBe(0);
    for (const [name, count] of Object.entries(faults)) expect(count, name).toBeGreaterThan(100);
  });
});
