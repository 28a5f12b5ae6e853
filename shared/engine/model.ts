import * as z from 'zod';
import { createActivation } from './activation.ts';
import { createDense, type DenseTensors } from './dense.ts';
import type { Engine } from './engine.ts';
import { ACTIVATIONS, type LeafSizes } from './kernels.ts';
import { type Layer, rowCount, sizeOf, type TensorLayout } from './layer.ts';

/** A multilayer perceptron: dense layers with the activation between them; the last layer's outputs are logits. */
export const ModelSpec = z.strictObject({
  inputs: z.int().positive(),
  /** Widths of the hidden layers; none makes a linear classifier. */
  hidden: z.array(z.int().positive()),
  outputs: z.int().min(2),
  activation: z.enum(ACTIVATIONS),
});
export type ModelSpec = z.infer<typeof ModelSpec>;

export const LOSSES = ['cross-entropy', 'squared-error'] as const;
export type Loss = (typeof LOSSES)[number];

/** Values a row of `Model.statistics`: the loss, and 1 if the prediction is right or else 0. */
export const STATISTIC_COUNT = 2;

/** A network's layers and loss, with room for the activations of `rowsMax` examples; the parameters stay outside. */
export interface Model {
  /** Loss and hit of each example: statistics [rows, 2], a buffer of the model's, valid until its next call. */
  evaluate(parameters: Float32Array, x: Float32Array, labels: Uint8Array, rows: number): Float32Array;
  /**
   * The same, and the gradient of the loss [parameterCount], summed over the examples leaf by leaf and then over the
   * tree. x [rows, inputs] and labels [rows] are the leaves' examples one after the other.
   */
  differentiate(
    parameters: Float32Array,
    x: Float32Array,
    labels: Uint8Array,
    leafSizes: LeafSizes,
    gradient: Float32Array,
  ): Float32Array;
  /** The logits [rows, outputs] of the last call. */
  readonly logits: Float32Array;
}

export function createModel(engine: Engine, spec: ModelSpec, loss: Loss, rowsMax: number): Model {
  const { kernels } = engine;
  const layers: Layer[] = [];
  for (const dense of denseTensors(spec)) {
    const [inputs] = dense.weight.shape;
    if (layers.length > 0) layers.push(createActivation(engine, spec.activation, inputs, rowsMax));
    layers.push(createDense(engine, dense, rowsMax));
  }
  const lossKernel = loss === 'cross-entropy' ? kernels.softmaxCrossEntropy : kernels.squaredError;
  const dLogits = engine.allocate(rowsMax * spec.outputs);
  const statistics = engine.allocate(rowsMax * STATISTIC_COUNT);
  let logits = dLogits;

  const evaluate: Model['evaluate'] = (parameters, x, labels, rows) => {
    logits = x;
    for (const layer of layers) logits = layer.forward(parameters, logits, rows);
    lossKernel(logits, labels, dLogits, statistics, rows, spec.outputs);
    return statistics;
  };

  const differentiate: Model['differentiate'] = (parameters, x, labels, leafSizes, gradient) => {
    evaluate(parameters, x, labels, rowCount(leafSizes));
    let dy = dLogits;
    for (const [index, layer] of [...layers.entries()].reverse()) {
      dy = layer.backward(parameters, dy, gradient, leafSizes, index > 0);
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

/** Where each tensor lies in the flat parameter buffer: for each dense layer its weight, then its bias. */
export function tensorLayouts(spec: ModelSpec): TensorLayout[] {
  return denseTensors(spec).flatMap(({ weight, bias }) => [weight, bias]);
}

/** The length of the flat parameter buffer. */
export function parameterCount(spec: ModelSpec): number {
  return tensorLayouts(spec).reduce((count, { shape }) => count + sizeOf(shape), 0);
}

function denseTensors(spec: ModelSpec): DenseTensors[] {
  const widths = [spec.inputs, ...spec.hidden, spec.outputs];
  let end = 0;
  const place = (name: string, shape: number[]): TensorLayout => {
    const offset = end;
    end += sizeOf(shape);
    return { name, shape, offset };
  };
  return widths.slice(1).map((outputs, index) => ({
    weight: place(`dense${index + 1}.weight`, [widths[index], outputs]),
    bias: place(`dense${index + 1}.bias`, [outputs]),
  }));
}
