import { setImmediate } from 'node:timers/promises';
import { parametersSha256 } from '../../coordinator/run-folder/checkpoint.ts';
import type { GradientSource } from '../../coordinator/training/gradient-source.ts';
import { LocalSource } from '../../coordinator/training/local-source.ts';
import {
  createParameterServer,
  type ParameterServer,
} from '../../coordinator/training/parameter-server.ts';
import { initialProgress } from '../../coordinator/training/progress.ts';
import { type TrainingRun, train } from '../../coordinator/training/train.ts';
import type { Clock } from '../../shared/clock.ts';
import { NO_AUGMENTATION } from '../../shared/data/augmentation-spec.ts';
import type { Dataset } from '../../shared/data/dataset.ts';
import { outputCountOf } from '../../shared/data/target.ts';
import { multilayerPerceptron } from '../../shared/engine/model/presets.ts';
import { createNaiveEngine } from '../../shared/engine/naive/naive-engine.ts';
import { createPartialSumComputer } from '../../shared/round/partial-sum-computer.ts';
import type { RunConfig } from '../../shared/round/run-config.ts';
import { createWorkload } from '../../shared/round/workload.ts';
import { systemClock } from '../../shared/system-clock.ts';

/** Plain kernels on ordinary memory, fast enough for toy runs. Many runs can share this engine. */
export const naiveEngine = createNaiveEngine('strict');

/** The config of a small run on a dataset. `overrides` replaces fields of it. */
export function toyConfig(dataset: Dataset, overrides: Partial<RunConfig> = {}): RunConfig {
  return {
    dataset: dataset.manifest,
    validationCount: 280,
    model: {
      input: dataset.shape,
      layers: multilayerPerceptron([7], 'tanh', outputCountOf(dataset.manifest)),
    },
    initialisation: 'glorot',
    loss: 'cross-entropy',
    labelSmoothing: 0,
    optimizer: { name: 'momentum', momentum: 0.9 },
    learningRate: { name: 'constant', peak: 0.05, warmupSteps: 0 },
    weightDecay: 0,
    augmentation: NO_AUGMENTATION,
    numerics: 'strict',
    wire: 'f32',
    globalBatch: 96,
    microBatchCount: 16,
    seed: 1,
    ...overrides,
  };
}

/** The parts of a run. `run` joins them with a gradient source of the test's choice. */
export function createToyRun(
  config: RunConfig,
  dataset: Dataset,
  epochs: number,
  clock: Clock = systemClock,
) {
  const workload = createWorkload(config, dataset);
  const computer = createPartialSumComputer(naiveEngine, config, workload);
  const server = createParameterServer(naiveEngine, config, workload);
  const progress = initialProgress();
  const run = (source: GradientSource): TrainingRun => ({
    config,
    workload,
    source,
    server,
    progress,
    clock,
    stopRule: { epochs },
    stepsMax: Number.POSITIVE_INFINITY,
    onStep: async () => {},
    onEpoch: async () => {},
  });
  return { workload, computer, server, progress, run };
}

/** Trains in this process. Every cluster must end with the same parameters and progress. */
export async function trainLocally(config: RunConfig, dataset: Dataset, epochs: number) {
  const { workload, computer, server, progress, run } = createToyRun(config, dataset, epochs);
  await train(run(new LocalSource(computer, workload, setImmediate)), new AbortController().signal);
  return { server, progress };
}

export const hashOf = (server: ParameterServer): string => parametersSha256(server.parameters);
