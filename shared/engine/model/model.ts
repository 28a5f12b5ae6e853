import type { Engine } from '../engine.ts';
import type { Kernels, LossKernel } from '../kernels.ts';
import { createActivation } from '../layers/activation.ts';
import { createBatchNorm } from '../layers/batch-norm.ts';
import { createConv2d } from '../layers/conv2d.ts';
import { createDense } from '../layers/dense.ts';
import { createDropout } from '../layers/dropout.ts';
import type { Batch, Layer } from '../layers/layer.ts';
import type { PlannedLayer } from '../layers/layer-plan.ts';
import { createPooling } from '../layers/pooling.ts';
import { type ModelPlan, measureLength, predictsNumber } from './model-plan.ts';
import { weighRows } from './weigh-rows.ts';

export const LOSSES = ['cross-entropy', 'squared-error', 'huber'] as const;
export type Loss = (typeof LOSSES)[number];

/** The error from which on the Huber loss grows linearly, in deviations of the target. */
export const HUBER_DELTA = 1;

/**
 * The layers and the loss of a network, with room for the activations of `rowsMax` examples. The
 * caller keeps the parameters.
 */
export interface Model {
  /**
   * Computes the measures of each example, [rows, measureLength], from x [rows, inputs] and labels
   * [rows]: the indices of classes, or targets. The result is a buffer of the model, valid until
   * its next call.
   */
  evaluate(
    parameters: Float32Array,
    x: Float32Array,
    labels: Float32Array,
    batch: Batch,
  ): Float32Array;
  /**
   * The same as `evaluate`, and writes the gradient of the loss to `gradient` [parameterCount]. The
   * gradient is summed over the examples of each leaf and then over the tree. For running averages
   * it holds each leaf's measures times its number of examples, summed over the tree.
   */
  differentiate(
    parameters: Float32Array,
    x: Float32Array,
    labels: Float32Array,
    batch: Batch,
    gradient: Float32Array,
  ): Float32Array;
  /** The logits [rows, classes] of the last call, in a buffer of the model. */
  readonly logits: Float32Array;
  /** The derivative of each row's loss by its logits [rows, classes], of the last call. */
  readonly logitDeltas: Float32Array;
  /** The output [rows, …] of each layer that computes something, of the last call. */
  readonly outputs: readonly LayerOutput[];
  /**
   * The derivative of each row's loss by each of `outputs` [rows, …], of the last `differentiate`.
   */
  readonly deltas: readonly LayerOutput[];
}

export interface LayerOutput {
  readonly planned: PlannedLayer;
  /** A buffer of the layer. */
  readonly values: Float32Array;
}

export interface ModelOptions {
  readonly loss: Loss;
  /** The part of each target that is spread evenly over all classes, in training only. */
  readonly labelSmoothing: number;
  /**
   * [classes]. The factor of the loss of each class's examples, in training only. Undefined: 1.
   */
  readonly classWeights?: readonly number[] | undefined;
  /** The seed of dropout. */
  readonly seed: number;
}

export function createModel(
  engine: Engine,
  plan: ModelPlan,
  options: ModelOptions,
  rowsMax: number,
): Model {
  const { kernels } = engine;
  const layers = plan.layers.flatMap((planned, index) => {
    const layer = createLayer(engine, planned, rowsMax, { seed: options.seed, index });
    return layer ? [{ planned, layer }] : [];
  });
  const classLoss = lossKernelOf(kernels, options.loss);
  const delta = options.loss === 'huber' ? HUBER_DELTA : Number.POSITIVE_INFINITY;
  const classes = plan.classCount;
  const weights = options.classWeights && Float32Array.from(options.classWeights);
  const dLogits = engine.allocate(rowsMax * classes);
  const measures = engine.allocate(rowsMax * measureLength(plan));
  let logits = dLogits;
  let outputs: LayerOutput[] = [];
  let deltas: LayerOutput[] = [];

  const evaluate: Model['evaluate'] = (parameters, x, labels, batch) => {
    logits = x;
    outputs = layers.map(({ planned, layer }) => {
      logits = layer.forward(parameters, logits, batch);
      return { planned, values: logits };
    });
    // Smoothed targets and weights are for training only. The reported loss of an evaluation is the
    // plain one.
    const smoothing = batch.training ? options.labelSmoothing : 0;
    if (predictsNumber(plan)) kernels.huber(logits, labels, dLogits, measures, batch.rows, delta);
    else classLoss(logits, labels, dLogits, measures, batch.rows, classes, smoothing);
    if (batch.training && weights)
      weighRows(weights, labels, dLogits, measures, batch.rows, classes);
    return measures;
  };

  const differentiate: Model['differentiate'] = (parameters, x, labels, batch, gradient) => {
    evaluate(parameters, x, labels, batch);
    let dy = dLogits;
    deltas = [];
    for (const [index, { planned, layer }] of [...layers.entries()].reverse()) {
      deltas.unshift({ planned, values: dy });
      dy = layer.backward(parameters, dy, gradient, batch, index > 0);
    }
    return measures;
  };

  return {
    evaluate,
    differentiate,
    get logits() {
      return logits;
    },
    logitDeltas: dLogits,
    get outputs() {
      return outputs;
    },
    get deltas() {
      return deltas;
    },
  };
}

export const lossKernelOf = (kernels: Kernels, loss: Loss): LossKernel =>
  loss === 'cross-entropy' ? kernels.softmaxCrossEntropy : kernels.squaredError;

/** Undefined for a layer that computes nothing. */
function createLayer(
  engine: Engine,
  planned: PlannedLayer,
  rowsMax: number,
  randomness: { seed: number; index: number },
): Layer | undefined {
  switch (planned.spec.type) {
    case 'dense':
      return createDense(engine, planned, rowsMax);
    case 'conv2d':
      return createConv2d(engine, planned, rowsMax);
    case 'max-pool':
    case 'average-pool':
      return createPooling(engine, planned, rowsMax);
    case 'activation':
      return createActivation(engine, planned, rowsMax);
    case 'dropout':
      return createDropout(engine, planned, rowsMax, randomness);
    case 'batch-norm':
      return createBatchNorm(engine, planned, rowsMax);
    case 'flatten':
      // An image lies in memory in the same order as the vector that it becomes.
      return undefined;
  }
}
