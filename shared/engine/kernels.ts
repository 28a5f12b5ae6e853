/**
 * The arithmetic of training, as functions on flat row-major f32 buffers with explicit shapes. They
 * are the only hot loops of the engine.
 *
 * Every value is defined to the last bit:
 *
 * - Every operation is one IEEE 754 f32 operation. Only `sumOfSquares` adds in f64.
 * - Every sum starts from +0 and runs in index order, within a micro-batch.
 * - The sums of the micro-batches are added over the reduction tree.
 *
 * `naive-kernels.ts` is this definition in plain loops. Another implementation may tile and
 * vectorize the loops if its results stay the same.
 *
 * No buffer may be shorter than its shape. Outputs must not overlap inputs unless the function says
 * "in place".
 */
export interface Kernels {
  /** c [m, n] = a [m, k] · b [k, n]. Forward pass: y = x · weight. */
  matmul(a: Float32Array, b: Float32Array, c: Float32Array, m: number, n: number, k: number): void;
  /** c [m, n] = a · bᵀ, with a [m, k] and b [n, k]. Input gradient: dx = dy · weightᵀ. */
  matmulTransposedB(
    a: Float32Array,
    b: Float32Array,
    c: Float32Array,
    m: number,
    n: number,
    k: number,
  ): void;
  /**
   * c [m, n] = aᵀ · b, with a [rows, m] and b [rows, n]. The sum over the rows is taken as in
   * `sumRows`. Weight gradient: dWeight = xᵀ · dy.
   */
  matmulTransposedA(
    a: Float32Array,
    b: Float32Array,
    c: Float32Array,
    m: number,
    n: number,
    leafSizes: LeafSizes,
    bfloat16LeavesMin?: number,
  ): void;

  /**
   * y [rows, outHeight, outWidth, filters] = the cross-correlation of x [rows, height, width,
   * channels] with weight [kernel, kernel, channels, filters]. x is padded by zeros. Each value of
   * y is the product of one patch of x with one filter of the weight.
   */
  convolve(
    shape: Convolution,
    x: Float32Array,
    weight: Float32Array,
    y: Float32Array,
    rows: number,
  ): void;
  /**
   * dx [rows, height, width, channels] from dy [rows, outHeight, outWidth, filters]. dy is spread
   * by the stride and padded by zeros. Each value of dx is the product of one patch of this spread
   * dy with the weight, whose kernel is rotated by 180°.
   */
  convolveBackwardInput(
    shape: Convolution,
    dy: Float32Array,
    weight: Float32Array,
    dx: Float32Array,
    rows: number,
  ): void;
  /**
   * dWeight [kernel, kernel, channels, filters] from x and dy. The sum of a leaf runs over its rows
   * and, in each row, over the output positions, in order. The sums of the leaves are then added
   * over the tree, as in `sumRows`.
   */
  convolveBackwardWeight(
    shape: Convolution,
    x: Float32Array,
    dy: Float32Array,
    dWeight: Float32Array,
    leafSizes: LeafSizes,
    bfloat16LeavesMin?: number,
  ): void;

  /**
   * y [rows, outHeight, outWidth, channels] = the largest value of each window. Of equal values the
   * first counts. Values beyond the last window are ignored.
   */
  maxPool(shape: Pooling, x: Float32Array, y: Float32Array, rows: number): void;
  /** dx = dy at the largest value of each window, the first of equal ones. Elsewhere dx = 0. */
  maxPoolBackward(
    shape: Pooling,
    x: Float32Array,
    y: Float32Array,
    dy: Float32Array,
    dx: Float32Array,
    rows: number,
  ): void;
  /** y = the mean of each window, whose values are summed in order. */
  averagePool(shape: Pooling, x: Float32Array, y: Float32Array, rows: number): void;
  /** dx = dy / size² at each value of a window. Beyond the last window dx = 0. */
  averagePoolBackward(shape: Pooling, dy: Float32Array, dx: Float32Array, rows: number): void;

  /**
   * normalized [rows, columns] = (x - mean) / √(variance + ε), and y = normalized · scale + shift.
   * Mean and variance [leaves, columns] are those of each leaf's rows. The kernel writes them to
   * `moments`. Scale and shift are [columns].
   */
  normalize(
    x: Float32Array,
    affine: Affine,
    normalized: Float32Array,
    y: Float32Array,
    moments: LeafMoments,
    columns: number,
    leafSizes: LeafSizes,
  ): void;
  /**
   * y = (x - mean) / √(variance + ε) · scale + shift, with the given mean and variance [columns]
   * for all rows.
   */
  normalizeBy(
    x: Float32Array,
    affine: Affine,
    y: Float32Array,
    mean: Float32Array,
    variance: Float32Array,
    rows: number,
    columns: number,
  ): void;
  /**
   * Over each leaf's rows: dShift = Σ dy and dScale = Σ dy · normalized, both [leaves, columns],
   * and dx = (dy - dShift / size - normalized · dScale / size) · scale / √(variance + ε). Here
   * `size` is the leaf's number of rows. The kernel writes dShift and dScale to `slopes`.
   */
  normalizeBackward(
    normalized: Float32Array,
    dy: Float32Array,
    scale: Float32Array,
    dx: Float32Array,
    slopes: LeafSlopes,
    columns: number,
    leafSizes: LeafSizes,
  ): void;

  /**
   * factors [rows, columns] = 0 with probability `rate`, else 1 / (1 - rate). A factor depends only
   * on its row's key and its column. `keys` [rows, 2] holds one Threefry key per row.
   */
  dropoutFactors(
    keys: Uint32Array,
    factors: Float32Array,
    rows: number,
    columns: number,
    rate: number,
  ): void;
  /** product = a · b, elementwise over `count` values. */
  multiply(a: Float32Array, b: Float32Array, product: Float32Array, count: number): void;

  /** In place: adds bias [columns] to each row of y [rows, columns]. */
  addBias(y: Float32Array, bias: Float32Array, rows: number, columns: number): void;
  /**
   * sums [columns] = the sum of the rows of x [rows, columns]. The rows of each leaf are summed
   * first, and then the leaves over the tree. Each sum over at least `bfloat16LeavesMin` leaves is
   * rounded as by `roundToBfloat16`. Without `bfloat16LeavesMin` no sum is rounded.
   */
  sumRows(
    x: Float32Array,
    sums: Float32Array,
    columns: number,
    leafSizes: LeafSizes,
    bfloat16LeavesMin?: number,
  ): void;

  /** y = activation(x), elementwise over `count` values. */
  activate(activation: Activation, x: Float32Array, y: Float32Array, count: number): void;
  /**
   * dx = dy · activation′(x), elementwise over `count` values. Most derivatives are computed from y
   * = activation(x).
   */
  activateBackward(
    activation: Activation,
    x: Float32Array,
    y: Float32Array,
    dy: Float32Array,
    dx: Float32Array,
    count: number,
  ): void;

  /**
   * The cross-entropy of softmax(logits [rows, classes]) against labels [rows], the indices of
   * classes as f32. The kernel writes
   * the gradient to dLogits [rows, classes]. It writes the loss and correct count of each row to
   * lossAndCorrect [rows, 2]. The correct count is 1 if the prediction is right, else 0. The
   * prediction is the class of the largest logit, or of the first of equally large ones. With
   * smoothing s the target is 1 - s for the label, plus s / classes for each class.
   */
  softmaxCrossEntropy: LossKernel;
  /** The same for the squared error ½‖logits - target‖² of linear outputs. */
  squaredError: LossKernel;
  /**
   * The Huber loss of outputs [rows] against targets [rows]. With the error e = output - target it
   * is ½e² if |e| ≤ delta, else delta · (|e| - ½ · delta). An infinite delta gives the squared
   * error. The kernel writes the gradient, e limited to ±delta, to dOutputs [rows]. It writes the
   * loss, e² and |e| of each row to measures [rows, 3]. (P. Huber, "Robust estimation of a location
   * parameter", 1964.)
   */
  huber(
    outputs: Float32Array,
    targets: Float32Array,
    dOutputs: Float32Array,
    measures: Float32Array,
    rows: number,
    delta: number,
  ): void;

  /** values [count] = bytes [count] / 255: pixels as the network sees them. */
  scaleBytes(bytes: Uint8Array, values: Float32Array, count: number): void;
  /** In place: target += source, elementwise. This is the addition of the reduction tree. */
  addInto(target: Float32Array, source: Float32Array): void;
  /**
   * In place: rounds each value to the nearest bfloat16, which has a sign, the exponent of an f32
   * and 7 more bits. Of two equally near numbers the result is the even one.
   */
  roundToBfloat16(values: Float32Array): void;
  /**
   * In place: packs n values from `roundToBfloat16` into the second half of their memory, 16 bits
   * each, little-endian. The first half holds nothing of use afterwards.
   *
   *     l, h: the lower and upper 16 bits of an f32; n = 4
   *     byte     0    2    4    6    8    10   12   14   16
   *     before   │ l0 │ h0 │ l1 │ h1 │ l2 │ h2 │ l3 │ h3 │
   *     after    │      unused       │ h0 │ h1 │ h2 │ h3 │
   *                                  byte 2n … byte 4n
   */
  packBfloat16(values: Float32Array): void;
  /** In place: turns the result of `packBfloat16` into f32 values again. Their lower bits are 0. */
  unpackBfloat16(values: Float32Array): void;
  /**
   * Whether each value lies between -2^62 and 2^62, neither included: no NaN, no infinity, and no
   * value whose square overflows.
   */
  isAllBounded(values: Float32Array): boolean;

  /**
   * 16 numbers per block, the lanes, that change with any bit of the block's values. Lane l begins
   * as h = l. Value i of the block, with its 32 bits as a number, changes lane i mod 16:
   * h ← rotateLeft(h + bits · 2246822519, 13) · 2654435761, modulo 2³².
   * This is the round of xxHash32. It is not cryptographic. Returns the lanes of all blocks.
   */
  fingerprint(values: Float32Array, blockLength: number): Uint32Array;

  /** The sum of the squares of each block's values, in f64 and in index order. */
  sumOfSquares(values: Float32Array, blockLength: number): Float64Array;
  /** In place: the running average p ← keep · p + (1 - keep) · gradientSum / exampleCount. */
  updateAverage(update: Update, keep: number): void;
  /** In place: p ← p - rate · g, with the gradient g of {@link Update}. */
  updateSgd(update: Update): void;
  /**
   * In place: v ← μ·v + g, p ← p - rate · v. With Nesterov's look-ahead: p ← p - rate · (g + μ·v).
   */
  updateMomentum(
    update: Update,
    velocity: Float32Array,
    momentum: number,
    isNesterov: boolean,
  ): void;
  /**
   * In place: v ← β·v + (1-β)·g², p ← p - rate · g / (√v + ε). With β = 1, v is the sum of all g²:
   * v ← v + g² (Adagrad).
   */
  updateByRoot(update: Update, squares: Float32Array, beta: number, epsilon: number): void;
  /**
   * In place: m ← β₁·m + (1-β₁)·g, v ← β₂·v + (1-β₂)·g², p ← keep · p - rate · m / (√v /
   * rootCorrection + ε).
   */
  updateAdam(
    update: Update,
    firstMoment: Float32Array,
    secondMoment: Float32Array,
    settings: AdamSettings,
  ): void;
}

/** The scale and shift of normalized columns, each [columns]. */
export interface Affine {
  readonly scale: Float32Array;
  readonly shift: Float32Array;
}

/**
 * The mean and variance of each leaf and column, each [leaves, columns]. The values of a leaf
 * without rows stay as they were.
 */
export interface LeafMoments {
  readonly means: Float32Array;
  readonly variances: Float32Array;
}

/**
 * Values of each leaf and column, each [leaves, columns]: the variances of the forward pass, which
 * are read, and the gradients of scale and shift, which are written.
 */
export interface LeafSlopes {
  readonly variances: Float32Array;
  readonly dScales: Float32Array;
  readonly dShifts: Float32Array;
}

/**
 * The number of rows (examples, or positions of images) of each leaf of the tree, in order. The
 * leaves together have all rows. A leaf may be empty.
 */
export type LeafSizes = Uint32Array;

/** The number of rows of all leaves together. */
export function rowCount(leafSizes: LeafSizes): number {
  return leafSizes.reduce((sum, size) => sum + size, 0);
}

export type LossKernel = (
  logits: Float32Array,
  labels: Float32Array,
  dLogits: Float32Array,
  lossAndCorrect: Float32Array,
  rows: number,
  classes: number,
  smoothing: number,
) => void;

/**
 * Parameters p and the sum of their gradients over `exampleCount` examples, of the same length. The
 * gradient is g = gradientScale · (gradientSum / exampleCount) + weightDecay · p.
 */
export interface Update {
  readonly parameters: Float32Array;
  readonly gradientSum: Float32Array;
  readonly exampleCount: number;
  /** Rounded to f32 before use, like all settings of updates. */
  readonly rate: number;
  /** Below 1 if the gradient was too long and is clipped. */
  readonly gradientScale: number;
  readonly weightDecay: number;
}

/**
 * A convolution of images of height × width × channels with square kernels. Stride and padding are
 * the same in both directions.
 */
export interface Convolution {
  readonly height: number;
  readonly width: number;
  readonly channels: number;
  readonly filters: number;
  readonly kernel: number;
  readonly stride: number;
  /** The number of zero pixels beyond each edge. */
  readonly padding: number;
  readonly outHeight: number;
  readonly outWidth: number;
}

/** Windows of size × size, side by side, on images of height × width × channels. */
export interface Pooling {
  readonly height: number;
  readonly width: number;
  readonly channels: number;
  readonly size: number;
  readonly outHeight: number;
  readonly outWidth: number;
}

export interface AdamSettings {
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
  /** √(1 - β₂ᵗ) */
  readonly rootCorrection: number;
  /** The factor of each parameter before the step. Below 1 it is decoupled weight decay. */
  readonly keep: number;
}

export const ACTIVATIONS = [
  'identity',
  'sigmoid',
  'tanh',
  'relu',
  'leaky-relu',
  'gelu',
  'softplus',
] as const;
export type Activation = (typeof ACTIVATIONS)[number];

/** Added to each variance, so that normalization does not divide by 0. */
export const NORMALIZATION_EPSILON = Math.fround(1e-5);

/** The slope of leaky ReLU for negative inputs. */
export const LEAKY_SLOPE = Math.fround(0.01);

/**
 * How matrix products and convolutions add a product to a sum. `strict` multiplies, rounds, adds
 * and rounds again, which any machine can do fast. `fused` rounds once (IEEE 754 fusedMultiplyAdd),
 * which is faster if the hardware has it.
 */
export const NUMERICS = ['fused', 'strict'] as const;
export type Numerics = (typeof NUMERICS)[number];
