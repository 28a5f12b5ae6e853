import { parametersSha256 } from '../../coordinator/checkpoint.ts';
import type { GradientSource } from '../../coordinator/gradient-source.ts';
import { LocalSource } from '../../coordinator/local-source.ts';
import { createParameterServer, type ParameterServer } from '../../coordinator/parameter-server.ts';
import { initialProgress } from '../../coordinator/progress.ts';
import { type TrainingRun, train } from '../../coordinator/train.ts';
import { type Clock, systemClock } from '../../shared/clock.ts';
import { NO_AUGMENTATION } from '../../shared/data/augmentation.ts';
import type { Dataset } from '../../shared/data/dataset.ts';
import { createNaiveEngine } from '../../shared/engine/engine.ts';
import { multilayerPerceptron } from '../../shared/engine/presets.ts';
import type { RunConfig } from '../../shared/run-config.ts';
import { createShareComputer } from '../../shared/share-computer.ts';
import { createWorkload } from '../../shared/workload.ts';

/** Plain kernels on plain memory; enough for toys, and for any number of them at once. */
export const naiveEngine = createNaiveEngine('strict');

/** A small run on a dataset; `overrides` replace its settings. */
export function toyConfig(dataset: Dataset, overrides: Partial<RunConfig> = {}): RunConfig {
  return {
    dataset: dataset.manifest,
    validationCount: 280,
    model: {
      input: { height: dataset.imageShape[0], width: dataset.imageShape[1], channels: 1 },
      layers: multilayerPerceptron([7], 'tanh', dataset.manifest.classNames.length),
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

/** Everything of a run that a test may want, around a source of its choice. */
export function createToyRun(
  config: RunConfig,
  dataset: Dataset,
  epochs: number,
  clock: Clock = systemClock,
) {
  const workload = createWorkload(config, dataset);
  const computer = createShareComputer(naiveEngine, config, workload);
  const server = createParameterServer(naiveEngine, config, workload);
  const progress = initialProgress();
  const run = (source: GradientSource): TrainingRun => ({
    ...{ config, workload, source, server, progress, clock },
    stopRule: { epochs },
    stepsMax: Number.POSITIVE_INFINITY,
    onStep: async () => {},
    onEpoch: async () => {},
  });
  return { workload, computer, server, progress, run };
}

/** Trains in this process; what every cluster must end at. */
export async function trainLocally(config: RunConfig, dataset: Dataset, epochs: number) {
  const { workload, computer, server, progress, run } = createToyRun(config, dataset, epochs);
  await train(run(new LocalSource(computer, workload)), new AbortController().signal);
  return { server, progress };
}

export const hashOf = (server: ParameterServer): string => parametersSha256(server.parameters);
