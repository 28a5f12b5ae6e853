import type { LeafSizes } from './kernels.ts';

/** A named tensor inside a flat buffer, row-major. */
export interface TensorLayout {
  readonly name: string;
  readonly shape: readonly number[];
  /** Index of its first value in the flat buffer. */
  readonly offset: number;
}

/**
 * One layer of a model, with room for the activations of a fixed number of rows (examples). `backward` follows the
 * `forward` of the same rows and uses what it left behind.
 */
export interface Layer {
  /**
   * y [rows, outputs] from x [rows, inputs] and the model's flat `parameters`.
   * The result is the layer's own buffer, valid until its next call; `x` must stay as it is until `backward`.
   */
  forward(parameters: Float32Array, x: Float32Array, rows: number): Float32Array;
  /**
   * dx [rows, inputs] from dy [rows, outputs], where the rows are the leaves' one after the other; writes the
   * gradients of its tensors, summed over the leaves' tree, to their places in the flat `gradient`.
   * `needsInputGradient` is false for the first layer: the images do not learn.
   */
  backward(
    parameters: Float32Array,
    dy: Float32Array,
    gradient: Float32Array,
    leafSizes: LeafSizes,
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
