/**
 * The arithmetic of training, as functions on flat row-major f32 buffers with explicit shapes; the engine's only
 * hot loops. Every operation is one IEEE 754 f32 operation and every sum runs in index order from +0, which fixes
 * each result to the last bit. An implementation may tile and vectorise as it likes while that stays true.
 *
 * No buffer may be too short; output buffers must not overlap inputs unless the function says "in place".
 */
export interface Kernels {
  /** c [m, n] = a [m, k] · b [k, n]. The forward pass: y = x · weight. */
  matmul(a: Float32Array, b: Float32Array, c: Float32Array, m: number, n: number, k: number): void;
  /** c [m, n] = aᵀ · b, with a [k, m] and b [k, n]. The gradient of a weight: dWeight = xᵀ · dy. */
  matmulTransposedA(a: Float32Array, b: Float32Array, c: Float32Array, m: number, n: number, k: number): void;
  /** c [m, n] = a · bᵀ, with a [m, k] and b [n, k]. The gradient of an input: dx = dy · weightᵀ. */
  matmulTransposedB(a: Float32Array, b: Float32Array, c: Float32Array, m: number, n: number, k: number): void;

  /** In place: adds bias [columns] to each row of y [rows, columns]. */
  addBias(y: Float32Array, bias: Float32Array, rows: number, columns: number): void;
  /** dBias [columns] = the sum of the rows of dy [rows, columns]. */
  sumRows(dy: Float32Array, dBias: Float32Array, rows: number, columns: number): void;

  /** y = activation(x), elementwise over `count` values. */
  activate(activation: Activation, x: Float32Array, y: Float32Array, count: number): void;
  /** dx = dy · activation′(x), elementwise, with the derivative taken from y = activation(x). */
  activateBackward(
    activation: Activation,
    y: Float32Array,
    dy: Float32Array,
    dx: Float32Array,
    count: number,
  ): void;

  /**
   * Cross-entropy of softmax(logits [rows, classes]) against labels [rows].
   * Returns the loss summed over the rows; sets dLogits [rows, classes] to the gradient of that sum.
   */
  softmaxCrossEntropy(
    logits: Float32Array,
    labels: Uint8Array,
    dLogits: Float32Array,
    rows: number,
    classes: number,
  ): number;
  /**
   * Squared error ½‖logits - onehot(label)‖² of linear outputs [rows, classes] against labels [rows].
   * Returns the loss summed over the rows; sets dLogits [rows, classes] to the gradient of that sum.
   */
  squaredError(
    logits: Float32Array,
    labels: Uint8Array,
    dLogits: Float32Array,
    rows: number,
    classes: number,
  ): number;

  /** How many rows of logits [rows, classes] are largest at their label; of equal ones the first counts. */
  countCorrect(logits: Float32Array, labels: Uint8Array, rows: number, classes: number): number;

  /** In place: target[i] += source[i] for `count` values. The reduction tree's addition. */
  addInto(target: Float32Array, source: Float32Array, count: number): void;
}

export type Activation = 'identity' | 'sigmoid' | 'tanh' | 'relu' | 'leaky-relu';
export const ACTIVATIONS = [
  'identity',
  'sigmoid',
  'tanh',
  'relu',
  'leaky-relu',
] as const satisfies Activation[];

/** The slope of leaky ReLU for negative inputs. */
export const LEAKY_SLOPE = Math.fround(0.01);
