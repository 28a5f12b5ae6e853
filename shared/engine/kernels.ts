/**
 * The arithmetic of training, as functions on flat row-major f32 buffers with explicit shapes: the engine's only hot
 * loops. Each value is defined to the last bit: every operation is one IEEE 754 f32 operation, every sum runs in index
 * order from +0, and sums over examples are taken over the reduction tree. `naive-kernels.ts` is that definition in
 * plain loops; an implementation may tile and vectorise as it likes while its results stay the same.
 *
 * No buffer may be too short; outputs must not overlap inputs unless the function says "in place".
 */
export interface Kernels {
  /** c [m, n] = a [m, k] · b [k, n]. The forward pass: y = x · weight. */
  matmul(a: Float32Array, b: Float32Array, c: Float32Array, m: number, n: number, k: number): void;
  /** c [m, n] = a · bᵀ, with a [m, k] and b [n, k]. The gradient of an input: dx = dy · weightᵀ. */
  matmulTransposedB(a: Float32Array, b: Float32Array, c: Float32Array, m: number, n: number, k: number): void;
  /**
   * c [m, n] = aᵀ · b, with a [rows, m] and b [rows, n], summed over the rows leaf by leaf and then over the tree.
   * The gradient of a weight: dWeight = xᵀ · dy.
   */
  matmulTransposedA(
    a: Float32Array,
    b: Float32Array,
    c: Float32Array,
    m: number,
    n: number,
    leafSizes: LeafSizes,
  ): void;

  /** In place: adds bias [columns] to each row of y [rows, columns]. */
  addBias(y: Float32Array, bias: Float32Array, rows: number, columns: number): void;
  /** sums [columns] = the rows of x [rows, columns], summed leaf by leaf and then over the tree. */
  sumRows(x: Float32Array, sums: Float32Array, columns: number, leafSizes: LeafSizes): void;

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
   * Cross-entropy of softmax(logits [rows, classes]) against labels [rows]. Sets dLogits [rows, classes] to its
   * gradient and statistics [rows, 2] to each row's loss, and 1 if the prediction is right or else 0; of equally
   * large logits the first is the prediction.
   */
  softmaxCrossEntropy: LossKernel;
  /** The same of the squared error ½‖logits - onehot(label)‖² of linear outputs. */
  squaredError: LossKernel;

  /** values [count] = bytes [count] / 255. What a pixel means to the network. */
  scaleBytes(bytes: Uint8Array, values: Float32Array, count: number): void;
  /** In place: target += source, elementwise. The reduction tree's addition. */
  addInto(target: Float32Array, source: Float32Array): void;
  /** Whether no value is NaN or infinite. */
  isAllFinite(values: Float32Array): boolean;

  /** In place: p ← p - rate · g, with the mean gradient g = gradientSum / exampleCount. */
  updateSgd(update: Update): void;
  /** In place: v ← μ·v + g, p ← p - rate · v; with Nesterov's look-ahead p ← p - rate · (g + μ·v). */
  updateMomentum(update: Update, velocity: Float32Array, momentum: number, isNesterov: boolean): void;
  /** In place: m ← β₁·m + (1-β₁)·g, v ← β₂·v + (1-β₂)·g², p ← p - rate · m / (√v / rootCorrection + ε). */
  updateAdam(
    update: Update,
    firstMoment: Float32Array,
    secondMoment: Float32Array,
    settings: AdamSettings,
  ): void;
}

/** How many rows (examples) each leaf of the tree has, in order; together they are all rows. A leaf may be empty. */
export type LeafSizes = Uint32Array;

export type LossKernel = (
  logits: Float32Array,
  labels: Uint8Array,
  dLogits: Float32Array,
  statistics: Float32Array,
  rows: number,
  classes: number,
) => void;

/** Parameters p and the sum of their gradients over `exampleCount` examples, equally long. */
export interface Update {
  readonly parameters: Float32Array;
  readonly gradientSum: Float32Array;
  readonly exampleCount: number;
  /** Rounded to f32 before use, as all settings of updates. */
  readonly rate: number;
}

export interface AdamSettings {
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
  /** √(1 - β₂ᵗ) */
  readonly rootCorrection: number;
}

export const ACTIVATIONS = ['identity', 'sigmoid', 'tanh', 'relu', 'leaky-relu'] as const;
export type Activation = (typeof ACTIVATIONS)[number];

/** The slope of leaky ReLU for negative inputs. */
export const LEAKY_SLOPE = Math.fround(0.01);

/**
 * How the products of `matmul` and its like are added up: `strict` multiplies, rounds, adds, rounds, which any
 * machine can do fast; `fused` rounds once (IEEE 754 fusedMultiplyAdd), which is faster where the hardware has it.
 */
export const NUMERICS = ['fused', 'strict'] as const;
export type Numerics = (typeof NUMERICS)[number];
