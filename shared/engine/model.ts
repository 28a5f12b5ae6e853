import * as z from 'zod';
import { createActivation } from './activation.ts';
import { createDense, type DenseTensors } from './dense.ts';
import { ACTIVATIONS, type Kernels } from './kernels.ts';
import { type Layer, sizeOf, type TensorLayout } from './layer.ts';

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

/** What a model says of some examples. */
export interface Outcome {
  /** [rows, outputs]; the model's own buffer, valid until its next call. */
  readonly logits: Float32Array;
  /** Summed over the rows, not averaged. */
  readonly lossSum: number;
}

/** A network's layers, with room for the activations of `rowsMax` examples; the parameters stay outside. */
export interface Model {
  /** Logits and loss of x [rows, inputs] against labels [rows]. */
  evaluate(parameters: Float32Array, x: Float32Array, labels: Uint8Array, rows: number): Outcome;
  /** The same, and the gradient of the summed loss, written to gradient [parameterCount]. */
  differentiate(
    parameters: Float32Array,
    x: Float32Array,
    labels: Uint8Array,
    rows: number,
    gradient: Float32Array,
  ): Outcome;
}

export function createModel(kernels: Kernels, spec: ModelSpec, loss: Loss, rowsMax: number): Model {
  const layers: Layer[] = [];
  for (const dense of denseTensors(spec)) {
    const [inputs] = dense.weight.shape;
    if (layers.length > 0) layers.push(createActivation(kernels, spec.activation, inputs, rowsMax));
    layers.push(createDense(kernels, dense, rowsMax));
  }
  const lossKernel = loss === 'cross-entropy' ? kernels.softmaxCrossEntropy : kernels.squaredError;
  const dLogits: Float32Array = new Float32Array(rowsMax * spec.outputs);

  const evaluate: Model['evaluate'] = (parameters, x, labels, rows) => {
    let logits = x;
    for (const layer of layers) logits = layer.forward(parameters, logits, rows);
    return { logits, lossSum: lossKernel(logits, labels, dLogits, rows, spec.outputs) };
  };

  const differentiate: Model['differentiate'] = (parameters, x, labels, rows, gradient) => {
    const outcome = evaluate(parameters, x, labels, rows);
    let dy = dLogits;
    for (const [index, layer] of [...layers.entries()].reverse()) {
      dy = layer.backward(parameters, dy, gradient, rows, index > 0);
    }
    return outcome;
  };

  return { evaluate, differentiate };
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
