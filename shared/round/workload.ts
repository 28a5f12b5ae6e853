import type { Dataset, ExampleSet } from '../data/dataset.ts';
import { createSampler, splitTrainingSet } from '../data/sampler.ts';
import { describeShape } from '../data/shape.ts';
import { describeTarget, outputCountOf, varianceOf } from '../data/target.ts';
import {
  type ModelPlan,
  measureLength,
  planModel,
  predictsNumber,
} from '../engine/model/model-plan.ts';
import { LockstepError } from '../errors.ts';
import { indicesTo } from '../random.ts';
import type { LeafRange } from '../reduction-tree.ts';
import type { RunConfig } from './run-config.ts';

/**
 * One sum over all leaves. In a `train` round it is the gradient over a step's global batch, and
 * the measures. In a `validation` or `test` round it is the measures over a whole set. A round is
 * computed with the parameters after `step` updates.
 */
export interface Round {
  readonly kind: RoundKind;
  readonly step: number;
}

export const ROUND_KINDS = ['train', 'validation', 'test'] as const;
export type RoundKind = (typeof ROUND_KINDS)[number];

/** Examples per leaf of an evaluation. This is a part of the definition of the reported loss. */
export const EVALUATION_LEAF_SIZE = 250;

/**
 * Sums over less than about 1/8 of a step's leaves stay f32. So values are rounded only on the top
 * levels of the tree, and not after every addition.
 */
const BFLOAT16_PARTS = 8;

/** The division of a round's work into leaves: a function of only configuration and dataset. */
export interface Workload {
  readonly model: ModelPlan;
  readonly parameterCount: number;
  readonly stepsPerEpoch: number;
  /** The number of examples in each global batch but the last of an epoch, which may have less. */
  readonly globalBatchMax: number;
  /** The largest number of examples in a micro-batch. */
  readonly microBatchSizeMax: number;
  leafCount(kind: RoundKind): number;
  /** The length of a partial sum: gradient (in a `train` round), then the measures. */
  vectorLength(kind: RoundKind): number;
  /** How many of the first parameters are bfloat16 values, here and on the wire: none or all. */
  readonly bfloat16ParameterCount: number;
  /**
   * How many of a partial sum's first values are bfloat16 values, here and on the wire: the whole
   * gradient in a sum over at least `bfloat16LeavesMin` leaves, else none.
   */
  bfloat16Length(kind: RoundKind, node: LeafRange): number;
  /** Infinite with the wire format `f32`. */
  readonly bfloat16LeavesMin: number;
  /** The examples of one leaf, as indices into a set. */
  examples(round: Round, leaf: number): { set: ExampleSet; indices: Uint32Array };
  /** The variance of the targets of a round's kind about their own mean. For numbers only. */
  targetVariance(kind: RoundKind): number;
  /** The number of examples in a range of leaves. */
  exampleCount(round: Round, range: LeafRange): number;
}

/** Creates the workload. The caller may pass its plan of the configuration's model. */
export function createWorkload(
  config: RunConfig,
  dataset: Dataset,
  model: ModelPlan = planModel(config.model),
): Workload {
  assertFits(model, dataset);
  const { globalBatch, microBatchCount, seed, validationCount, wire } = config;
  const isBfloat16 = wire === 'bf16';
  const bfloat16LeavesMin = isBfloat16
    ? Math.max(1, 2 ** Math.floor(Math.log2(microBatchCount / BFLOAT16_PARTS)))
    : Number.POSITIVE_INFINITY;
  const { training, validation } = splitTrainingSet(dataset.train.count, validationCount, seed);
  const sampler = createSampler(training, globalBatch, microBatchCount, seed);
  const gradientLength = model.parameterCount;
  const evaluated = {
    train: { set: dataset.train, indices: training },
    validation: { set: dataset.train, indices: validation },
    test: { set: dataset.test, indices: indicesTo(dataset.test.count) },
  };

  const variances: Partial<Record<RoundKind, number>> = {};

  const leafCount = (kind: RoundKind): number =>
    kind === 'train'
      ? microBatchCount
      : Math.ceil(evaluated[kind].indices.length / EVALUATION_LEAF_SIZE);

  const examples: Workload['examples'] = ({ kind, step }, leaf) => {
    if (kind === 'train') return { set: dataset.train, indices: sampler.microBatch(step, leaf) };
    const { set, indices } = evaluated[kind];
    const start = leaf * EVALUATION_LEAF_SIZE;
    return { set, indices: indices.subarray(start, start + EVALUATION_LEAF_SIZE) };
  };

  return {
    model,
    parameterCount: gradientLength,
    stepsPerEpoch: sampler.stepsPerEpoch,
    globalBatchMax: sampler.globalBatchSize(0),
    microBatchSizeMax: Math.ceil(globalBatch / microBatchCount),
    leafCount,
    bfloat16ParameterCount: isBfloat16 ? gradientLength : 0,
    bfloat16Length: (kind, { lo, hi }) =>
      kind === 'train' && hi - lo >= bfloat16LeavesMin ? gradientLength : 0,
    bfloat16LeavesMin,
    vectorLength: (kind) => (kind === 'train' ? gradientLength : 0) + measureLength(model),
    examples,
    targetVariance(kind) {
      const { set, indices } = evaluated[kind];
      variances[kind] ??= varianceOf(set.labels, indices);
      return variances[kind];
    },
    exampleCount(round, { lo, hi }) {
      let count = 0;
      for (let leaf = lo; leaf < hi; leaf++) count += examples(round, leaf).indices.length;
      return count;
    },
  };
}

/** A model reads whole examples, and the kernels do not check that a label has an output. */
function assertFits({ inputCount, classCount }: ModelPlan, dataset: Dataset): void {
  const { manifest, kind, shape } = dataset;
  const outputs = outputCountOf(manifest);
  if (inputCount === dataset.inputCount && classCount === outputs) return;
  throw new LockstepError(
    'MODEL',
    `a model of ${inputCount} inputs and ${classCount} outputs does not fit ${manifest.name}, ` +
      `which has ${describeShape(kind, shape)} and ` +
      `${describeTarget(manifest)}: use the data that the model is for.`,
  );
}

/** Sums over examples: the last values of a partial sum. */
export interface Measures {
  readonly lossSum: number;
  /** The number of right predictions. 0 if the target is a number. */
  readonly correctCount: number;
  /** The errors in deviations of the target. 0 if the target is a class. */
  readonly squaredErrorSum: number;
  readonly absoluteErrorSum: number;
}

/** The measures at the end of a partial sum of this model. */
export function measuresOf(vector: Float32Array, model: Pick<ModelPlan, 'classCount'>): Measures {
  const [lossSum, second, third] = vector.subarray(-measureLength(model));
  return predictsNumber(model)
    ? { lossSum, correctCount: 0, squaredErrorSum: second, absoluteErrorSum: third }
    : { lossSum, correctCount: second, squaredErrorSum: 0, absoluteErrorSum: 0 };
}
