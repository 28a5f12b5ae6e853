import type { LeafSizes } from './kernels.ts';

/** A named tensor inside a flat buffer, row-major. */
export interface TensorLayout {
  readonly name: string;
  readonly shape: readonly number[];
  /** Index of its first value in the flat buffer. */
  readonly offset: number;
  /** Its values before the first step: one number, or random ones for so many inputs and outputs of a unit. */
  readonly initial: number | { readonly fanIn: number; readonly fanOut: number };
  /** Whether it is a running average of what the leaves measure, instead of trained. */
  readonly isAverage: boolean;
}

/** The rows that go through a model together: the examples of some leaves, one after the other. */
export interface Batch {
  readonly leafSizes: LeafSizes;
  /** All leaves' together. */
  readonly rows: number;
  /** Of so many leaves and more the sums of gradients are rounded to bfloat16; see `Kernels.sumRows`. */
  readonly narrowFrom?: number;
  /** For dropout, which draws by example and epoch: the examples' indices [rows]. Undefined when evaluating. */
  readonly training: { readonly epoch: number; readonly examples: Uint32Array } | undefined;
}

/**
 * One layer of a model, with room for the activations of a fixed number of rows (examples). `backward` follows the
 * `forward` of the same batch and uses what it left behind.
 */
export interface Layer {
  /**
   * y [rows, outputs] from x [rows, inputs] and the model's flat `parameters`.
   * The result is the layer's own buffer, valid until its next call; `x` must stay as it is until `backward`.
   */
  forward(parameters: Float32Array, x: Float32Array, batch: Batch): Float32Array;
  /**
   * dx [rows, inputs] from dy [rows, outputs]; writes the gradients of its tensors, and for running averages each leaf's
   * measure times its rows, summed over the leaves' tree, to their places in the flat `gradient`.
   * `needsInputGradient` is false for the first layer: the images do not learn.
   */
  backward(
    parameters: Float32Array,
    dy: Float32Array,
    gradient: Float32Array,
    batch: Batch,
    needsInputGradient: boolean,
  ): Float32Array;
}

/** The number of values in a tensor. */
export function sizeOf(shape: readonly number[]): number {
  return shape.reduce((size, extent) => size * extent, 1);
}

/** The part of a flat buffer where `tensor` lies; a view. */
export function viewOf(flat: Float32Array, tensor: TensorLayout): Float32Array {
  return flat.subarray(tensor.offset, tensor.offset + sizeOf(tensor.shape));
}

/** How many rows the leaves have together. */
export function rowCount(leafSizes: LeafSizes): number {
  return leafSizes.reduce((sum, size) => sum + size, 0);
}
