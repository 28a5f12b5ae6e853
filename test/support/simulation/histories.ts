import { multilayerPerceptron } from '../../../shared/engine/model/presets.ts';
import { NETWORK_CHUNK_BYTES } from '../../../shared/protocol/limits.ts';
import type { RunConfig } from '../../../shared/round/run-config.ts';
import { createToyDataset } from '../toy-dataset.ts';
import { toyConfig } from '../toy-run.ts';
import { createDraws, type Draws } from './draws.ts';
import { type History, MISHAPS, type Mishap } from './simulated-cluster.ts';

/** A training run that histories disturb. */
export interface SimulatedRun {
  readonly config: RunConfig;
  readonly epochs: number;
}

/** A dataset with few pixels, but with enough test images for three leaves. */
export const dataset = createToyDataset({
  trainCount: 140,
  testCount: 510,
  height: 2,
  width: 3,
  classCount: 3,
});

function smallRun(epochs: number, overrides: Partial<RunConfig>): SimulatedRun {
  const input = { height: 2, width: 3, channels: 1 };
  const model = { input, layers: multilayerPerceptron([5], 'tanh', 3) };
  return { epochs, config: toyConfig(dataset, { validationCount: 20, model, ...overrides }) };
}

/**
 * Runs with many steps of few examples. The last batch of an epoch may be so small that some
 * micro-batches are empty.
 */
const SMALL_RUNS: readonly SimulatedRun[] = [
  smallRun(3, { globalBatch: 24, microBatchCount: 16, wire: 'bf16' }),
  smallRun(3, {
    globalBatch: 28,
    microBatchCount: 13,
    optimizer: { name: 'nesterov', momentum: 0.8 },
    learningRate: { name: 'cosine', peak: 0.1, warmupSteps: 4, epochs: 3 },
  }),
  smallRun(3, {
    globalBatch: 39,
    microBatchCount: 6,
    seed: 2,
    optimizer: { name: 'adam', beta1: 0.9, beta2: 0.99, epsilon: 1e-8 },
    model: {
      input: { height: 2, width: 3, channels: 1 },
      layers: [
        { type: 'conv2d', filters: 2, kernel: 3, stride: 1, padding: 'same' },
        { type: 'batch-norm' },
        { type: 'activation', function: 'relu' },
        { type: 'flatten' },
        { type: 'dropout', rate: 0.2 },
        { type: 'dense', outputs: 3 },
      ],
    },
    augmentation: { flip: 0.5, shift: 1, erase: 0 },
  }),
];

/** A run with so many parameters that a vector travels in two chunks. */
const WIDE_RUN = smallRun(1, {
  globalBatch: 24,
  microBatchCount: 8,
  model: {
    input: { height: 2, width: 3, channels: 1 },
    layers: multilayerPerceptron([6600], 'relu', 3),
  },
});
/** One of this many histories has the wide run, because that takes ten times as long. */
const WIDE_EVERY = 50;

export const RUNS: readonly SimulatedRun[] = [...SMALL_RUNS, WIDE_RUN];

/** The run that history `seed` disturbs. */
export const runOf = (seed: number): SimulatedRun =>
  seed % WIDE_EVERY === 0 ? WIDE_RUN : SMALL_RUNS[seed % SMALL_RUNS.length];

/** The sizes of chunks, in bytes: vectors travel in one chunk, in several, or in many. */
const CHUNK_BYTES = [NETWORK_CHUNK_BYTES, NETWORK_CHUNK_BYTES, 100, 32];

/** The approximate mean time between mishaps of a kind, to be multiplied by a history's pace. */
const MEAN_MS: Record<Mishap, number> = {
  kills: 3_000,
  crashes: 10_000,
  drains: 5_000,
  stops: 10_000,
  joins: 2_000,
  stalls: 4_000,
  freezes: 6_000,
};
/** How long faults go on, to be multiplied by a history's pace. */
const FAULTS_END_MS = 50_000;
/** A history's pace: from mishaps in quick succession to only a few per run. */
const PACE_MIN = 0.1;
const PACE_MAX = 3;

/**
 * A fifth of the histories have some sums audited, and a fifth have all sums audited. Only the
 * latter may have liars.
 */
function auditOf(draws: Draws): Pick<History, 'audit' | 'liars' | 'lies'> {
  const audit = draws.pick([0, 0, 0, 0.3, 1]);
  return {
    audit,
    liars: audit === 1 ? draws.pick([0, 0.2, 0.6]) : 0,
    lies: 0.01 + 0.3 * draws.fraction(),
  };
}

/** The history of a seed. It may have any mixture of faults, from none to all kinds. */
export function historyOf(seed: number): History {
  const draws = createDraws(1_000_000 + seed);
  const rarely = (probability: number) => (draws.chance(0.5) ? draws.fraction() * probability : 0);
  const pace = PACE_MIN * (PACE_MAX / PACE_MIN) ** draws.fraction();
  const everyMs: Partial<Record<Mishap, number>> = {};
  for (const mishap of MISHAPS) {
    if (draws.chance(0.5)) everyMs[mishap] = pace * MEAN_MS[mishap] * (0.3 + 2 * draws.fraction());
  }
  return {
    seed,
    dataset,
    everyMs,
    ...runOf(seed),
    checkpointEvery: draws.integer(1, 4),
    workerCount: draws.integer(1, 7),
    ...auditOf(draws),
    network: {
      delayMaxMs: draws.pick([0, 5, 50, 400]),
      loss: rarely(0.01),
      duplicate: rarely(0.05),
      cut: rarely(0.01),
    },
    faultsEndMs: pace * FAULTS_END_MS,
    chunkBytes: draws.pick(seed % WIDE_EVERY === 0 ? CHUNK_BYTES.slice(0, 1) : CHUNK_BYTES),
  };
}
