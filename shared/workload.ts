import type { Dataset, ExampleSet } from './data/dataset.ts';
import { createSampler, splitTrainingSet } from './data/sampler.ts';
import { STATISTIC_COUNT } from './engine/model.ts';
import { parameterCount } from './engine/model-spec.ts';
import { indicesTo } from './random.ts';
import type { LeafRange } from './reduction-tree.ts';
import type { RunConfig } from './run-config.ts';

/**
 * What is summed in one go: the gradients of a step's global batch (`train`), or loss and hits of a whole set
 * (`validation`, `test`); always with the parameters after `step` updates.
 */
export interface Round {
  readonly kind: RoundKind;
  readonly step: number;
}

export const ROUND_KINDS = ['train', 'validation', 'test'] as const;
export type RoundKind = (typeof ROUND_KINDS)[number];

/** Examples a leaf when a set is evaluated. Part of the definition of the reported loss. */
export const EVALUATION_LEAF_SIZE = 250;

/** Sums over less than about such a part of a step stay f32: what few workers make is not rounded over and over. */
const NARROW_PARTS = 8;

/** How the work of a round is divided into leaves; a function of the configuration and the dataset alone. */
export interface Workload {
  readonly parameterCount: number;
  readonly stepsPerEpoch: number;
  /** The most examples in a micro-batch. */
  readonly microBatchSizeMax: number;
  leafCount(kind: RoundKind): number;
  /** The length of a partial sum: the gradient (in a `train` round), then the statistics. */
  vectorLength(kind: RoundKind): number;
  /** How many of the first values of the parameters are rounded to bfloat16, and travel so: none, or all. */
  readonly narrowParameterCount: number;
  /** The same of a partial sum: none, or the gradient, in sums over `narrowFrom` leaves or more. */
  narrowLength(kind: RoundKind, node: LeafRange): number;
  readonly narrowFrom: number;
  /** The examples of one leaf, as indices into a set. */
  examples(round: Round, leaf: number): { set: ExampleSet; indices: Uint32Array };
  /** How many examples a range of leaves has. */
  exampleCount(round: Round, range: LeafRange): number;
}

export function createWorkload(config: RunConfig, dataset: Dataset): Workload {
  const { globalBatch, microBatchCount, seed, validationCount, wire } = config;
  const isNarrow = wire === 'bf16';
  const narrowFrom = isNarrow
    ? Math.max(1, 2 ** Math.floor(Math.log2(microBatchCount / NARROW_PARTS)))
    : Number.POSITIVE_INFINITY;
  const { training, validation } = splitTrainingSet(dataset.train.count, validationCount, seed);
  const sampler = createSampler(training, globalBatch, microBatchCount, seed);
  const gradientLength = parameterCount(config.model);
  const evaluated = {
    validation: { set: dataset.train, indices: validation },
    test: { set: dataset.test, indices: indicesTo(dataset.test.count) },
  };

  const leafCount = (kind: RoundKind): number =>
    kind === 'train' ? microBatchCount : Math.ceil(evaluated[kind].indices.length / EVALUATION_LEAF_SIZE);

  const examples: Workload['examples'] = ({ kind, step }, leaf) => {
    if (kind === 'train') return { set: dataset.train, indices: sampler.microBatch(step, leaf) };
    const { set, indices } = evaluated[kind];
    const start = leaf * EVALUATION_LEAF_SIZE;
    return { set, indices: indices.subarray(start, start + EVALUATION_LEAF_SIZE) };
  };

  return {
    parameterCount: gradientLength,
    stepsPerEpoch: sampler.stepsPerEpoch,
    microBatchSizeMax: Math.ceil(globalBatch / microBatchCount),
    leafCount,
    narrowParameterCount: isNarrow ? gradientLength : 0,
    narrowLength: (kind, { lo, hi }) => (kind === 'train' && hi - lo >= narrowFrom ? gradientLength : 0),
    narrowFrom,
    vectorLength: (kind) => (kind === 'train' ? gradientLength : 0) + STATISTIC_COUNT,
    examples,
    exampleCount(round, { lo, hi }) {
      let count = 0;
      for (let leaf = lo; leaf < hi; leaf++) count += examples(round, leaf).indices.length;
      return count;
    },
  };
}

/** The statistics at the end of a partial sum: summed loss, and how many predictions are right. */
export function statisticsOf(vector: Float32Array): { lossSum: number; correctCount: number } {
  const [lossSum, correctCount] = vector.subarray(-STATISTIC_COUNT);
  return { lossSum, correctCount };
}
