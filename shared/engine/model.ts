import { createActivation } from './activation.ts';
import { createBatchNorm } from './batch-norm.ts';
import { createConv2d } from './conv2d.ts';
import { createDense } from './dense.ts';
import { createDropout } from './dropout.ts';
import type { Engine } from './engine.ts';
import type { Batch, Layer } from './layer.ts';
import { classCount, type ModelSpec, type PlannedLayer, planModel } from './model-spec.ts';
import { createPooling } from './pooling.ts';

export const LOSSES = ['cross-entropy', 'squared-error'] as const;
export type Loss = (typeof LOSSES)[number];

/** Values a row of `Model.statistics`: the loss, and 1 if the prediction is right or else 0. */
export const STATISTIC_COUNT = 2;

/** A network's layers and loss, with room for the activations of `rowsMax` examples; the parameters stay outside. */
export interface Model {
  /** Loss and hit of each example: statistics [rows, 2], a buffer of the model's, valid until its next call. */
  evaluate(parameters: Float32Array, x: Float32Array, labels: Uint8Array, batch: Batch): Float32Array;
  /**
   * The same, and the gradient of the loss [parameterCount], summed over the examples leaf by leaf and then over the
   * tree; for running averages the measures times the examples. x [rows, inputs] and labels [rows] are the batch's.
   */
  differentiate(
    parameters: Float32Array,
    x: Float32Array,
    labels: Uint8Array,
    batch: Batch,
    gradient: Float32Array,
  ): Float32Array;
  /** The logits [rows, classes] of the last call. */
  readonly logits: Float32Array;
}

export interface ModelOptions {
  readonly loss: Loss;
  /** How far targets are drawn towards all classes alike. */
  readonly labelSmoothing: number;
  /** Of what is dropped. */
  readonly seed: number;
}

export function createModel(engine: Engine, spec: ModelSpec, options: ModelOptions, rowsMax: number): Model {
  const { kernels } = engine;
  const layers = planModel(spec).flatMap((planned, index) => {
    const layer = createLayer(engine, planned, rowsMax, { seed: options.seed, index });
    return layer ? [layer] : [];
  });
  const lossKernel = options.loss === 'cross-entropy' ? kernels.softmaxCrossEntropy : kernels.squaredError;
  const classes = classCount(spec);
  const dLogits = engine.allocate(rowsMax * classes);
  const statistics = engine.allocate(rowsMax * STATISTIC_COUNT);
  let logits = dLogits;

  const evaluate: Model['evaluate'] = (parameters, x, labels, batch) => {
    logits = x;
    for (const layer of layers) logits = layer.forward(parameters, logits, batch);
    // Smoothed targets are there to be learnt from; what is reported of a set is its plain loss.
    const smoothing = batch.training ? options.labelSmoothing : 0;
    lossKernel(logits, labels, dLogits, statistics, batch.rows, classes, smoothing);
    return statistics;
  };

  const differentiate: Model['differentiate'] = (parameters, x, labels, batch, gradient) => {
    evaluate(parameters, x, labels, batch);
    let dy = dLogits;
    for (const [index, layer] of [...layers.entries()].reverse()) {
      dy = layer.backward(parameters, dy, gradient, batch, index > 0);
    }
    return statistics;
  };

  return {
    evaluate,
    differentiate,
    get logits() {
      return logits;
    },
  };
}

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
      // Images lie in memory as the vectors that they become.
      return undefined;
  }
}
