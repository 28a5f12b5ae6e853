import type { LeafSizes } from '../kernels.ts';

/** A named tensor inside a flat buffer, row-major. */
export interface TensorLayout {
  readonly name: string;
  readonly shape: readonly number[];
  /** The index of the tensor's first value in the flat buffer. */
  readonly offset: number;
  /**
   * The values before the first step: one number for all, or random numbers, whose range follows
   * from the numbers of inputs and outputs of a unit.
   */
  readonly initial: number | { readonly fanIn: number; readonly fanOut: number };
  /** Whether the tensor is a running average of the leaves' measures. Otherwise it is trained. */
  readonly isAverage: boolean;
}

/** The rows that go through a model together: the examples of one or more leaves, leaf by leaf. */
export interface Batch {
  readonly leafSizes: LeafSizes;
  /** The number of rows of all leaves together. */
  readonly rows: number;
  /**
   * Sums of gradients over at least this many leaves are rounded to bfloat16. See
   * `Kernels.sumRows`.
   */
  readonly bfloat16LeavesMin?: number;
  /**
   * The epoch and the indices of the examples [rows], from which dropout draws its random numbers.
   * Undefined in evaluation.
   */
  readonly training: { readonly epoch: number; readonly examples: Uint32Array } | undefined;
}

/**
 * One layer of a model, with room for the activations of a fixed number of rows (examples).
 * `backward` must follow the `forward` of the same batch, because it uses values that `forward`
 * stored.
 */
export interface Layer {
  /**
   * Computes y [rows, outputs] from x [rows, inputs] and the model's flat `parameters`. The result
   * is the layer's own buffer, or `x` if the layer changes nothing. It is valid until the next
   * call. The caller must not change `x` before `backward`.
   */
  forward(parameters: Float32Array, x: Float32Array, batch: Batch): Float32Array;
  /**
   * Computes dx [rows, inputs] from dy [rows, outputs], and writes to the flat `gradient`, at the
   * place of each tensor:
   *
   * - for a trained tensor its gradient,
   * - for a running average each leaf's measure times its rows, summed over the tree of leaves.
   *
   * `needsInputGradient` is false for the first layer, because images are not trained. The result
   * is then unspecified.
   */
  backward(
    parameters: Float32Array,
    dy: Float32Array,
    gradient: Float32Array,
    batch: Batch,
    needsInputGradient: boolean,
  ): Float32Array;
}

/** The number of values in a tensor of this shape. */
export function sizeOf(shape: readonly number[]): number {
  return shape.reduce((size, extent) => size * extent, 1);
}

/** The part of a flat buffer that holds `tensor`. A view, not a copy. */
export function viewOf(flat: Float32Array, tensor: TensorLayout): Float32Array {
  return flat.subarray(tensor.offset, tensor.offset + sizeOf(tensor.shape));
}
