import type { Dataset, ExampleSet } from '../../shared/data/dataset.ts';
import { createSampler, splitTrainingSet } from '../../shared/data/sampler.ts';
import type { DataKind } from '../../shared/data/shape.ts';
import type { Engine } from '../../shared/engine/engine.ts';
import { sizeOfShape } from '../../shared/engine/layers/layer-plan.ts';
import { indicesTo } from '../../shared/random.ts';
import { createPartialSumComputer } from '../../shared/round/partial-sum-computer.ts';
import type { RunConfig } from '../../shared/round/run-config.ts';
import { createWorkload, measuresOf, type Round } from '../../shared/round/workload.ts';
import {
  createParameterServer,
  type ParameterServer,
  type SavedState,
} from './parameter-server.ts';

/*
 * A branch of a run: training that goes on from the state after some step, in this thread. With the
 * run's own configuration its parameters have the same bits as the run's. With another learning
 * rate it shows what would have been.
 */

export interface Branch {
  readonly server: Pick<ParameterServer, 'step' | 'parameters'>;
  /**
   * Trains one step. Returns its loss, the mean over the global batch before the update. If that is
   * no number, training has diverged, and nothing is updated.
   */
  advance(): number;
}

/** `dataset` needs to have only the training examples of the steps that the branch trains. */
export function createBranch(
  engine: Engine,
  config: RunConfig,
  dataset: Dataset,
  start: SavedState,
): Branch {
  const workload = createWorkload(config, dataset);
  const server = createParameterServer(engine, config, workload, start);
  const computer = createPartialSumComputer(engine, config, workload);
  const everything = { lo: 0, hi: config.microBatchCount };
  return {
    server,
    advance() {
      const round: Round = { kind: 'train', step: server.step };
      const examples = workload.exampleCount(round, everything);
      for (const sum of computer.compute(round, everything, server.roundedParameters)) {
        if (!sum) continue;
        const { lossSum } = measuresOf(sum.vector, workload.model);
        if (Number.isFinite(lossSum)) server.update(sum.vector, examples);
        return lossSum / examples;
      }
      throw new Error('a round has a sum');
    },
  };
}

/** The same configuration with `factor` times the learning rate. */
export const withRate = (config: RunConfig, factor: number): RunConfig => ({
  ...config,
  learningRate: { ...config.learningRate, peak: factor * config.learningRate.peak },
});

/** The number of examples in the two parts of the training data. */
export interface TrainingCounts {
  readonly training: number;
  readonly validation: number;
}

/**
 * The examples that `count` steps from `step` on are trained with, each once, as places in the
 * training set without validation.
 */
export function placesOfSteps(
  { globalBatch, microBatchCount, seed }: RunConfig,
  { training }: TrainingCounts,
  step: number,
  count: number,
): Uint32Array {
  const sampler = createSampler(indicesTo(training), globalBatch, microBatchCount, seed);
  const places = new Set<number>();
  for (let each = step; each < step + count; each++)
    for (let leaf = 0; leaf < microBatchCount; leaf++)
      for (const place of sampler.microBatch(each, leaf)) places.add(place);
  return Uint32Array.from(places).sort();
}

/** Training data of which examples are added when they are needed. */
export interface SparseDataset extends Dataset {
  /** `places` are those in the training set without validation; `examples` are in their order. */
  add(places: Uint32Array, examples: ExampleSet): void;
}

/** Memory that is never written costs nothing, so the examples that are missing do not either. */
export function createSparseDataset(
  config: RunConfig,
  kind: DataKind,
  { training, validation }: TrainingCounts,
): SparseDataset {
  const inputCount = sizeOfShape(config.model.input);
  const count = training + validation;
  const Inputs = kind === 'features' ? Float32Array : Uint8Array;
  const inputs = new Inputs(count * inputCount);
  const labels = new Float32Array(count);
  const split = splitTrainingSet(count, validation, config.seed);
  return {
    manifest: config.dataset,
    kind,
    shape: config.model.input,
    inputCount,
    train: { count, inputs, labels },
    test: { count: 0, inputs: new Inputs(0), labels: new Float32Array(0) },
    add(places, examples) {
      for (const [i, place] of places.entries()) {
        const index = split.training[place];
        labels[index] = examples.labels[i];
        const values = examples.inputs.subarray(i * inputCount, (i + 1) * inputCount);
        inputs.set(values, index * inputCount);
      }
    },
  };
}
