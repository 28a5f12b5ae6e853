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
import type { ModelPlan } from './model-plan.ts';
import { weighRows } from './weigh-rows.ts';

export const LOSSES = ['cross-entropy', 'squared-error'] as const;
export type Loss = (typeof LOSSES)[number];

/**
 * The number of values per row of the result of `Model.evaluate`: the loss, and the correct count,
 * which is 1 if the prediction is right, else 0.
 */
export const LOSS_AND_CORRECT_LENGTH = 2;

/**
 * The layers and the loss of a network, with room for the activations of `rowsMax` examples. The
 * caller keeps the parameters.
 */
export interface Model {
  /**
   * Computes the loss and correct count of each example, [rows, 2], from x [rows, inputs] and
   * labels [rows]. The result is a buffer of the model, valid until its next call.
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
  const lossKernel = lossKernelOf(kernels, options.loss);
  const classes = plan.classCount;
  const weights = options.classWeights && Float32Array.from(options.classWeights);
  const dLogits = engine.allocate(rowsMax * classes);
  const lossAndCorrect = engine.allocate(rowsMax * LOSS_AND_CORRECT_LENGTH);
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
    lossKernel(logits, labels, dLogits, lossAndCorrect, batch.rows, classes, smoothing);
    if (batch.training && weights)
      weighRows(weights, labels, dLogits, lossAndCorrect, batch.rows, classes);
    return lossAndCorrect;
  };

  const differentiate: Model['differentiate'] = (parameters, x, labels, batch, gradient) => {
    evaluate(parameters, x, labels, batch);
    let dy = dLogits;
    deltas = [];
    for (const [index, { planned, layer }] of [...layers.entries()].reverse()) {
      deltas.unshift({ planned, values: dy });
      dy = layer.backward(parameters, dy, gradient, batch, index > 0);
    }
    return lossAndCorrect;
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
