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
   * c [m, n] = aᵀ · b, with a [rows, m] and b [rows, n], summed over the rows as by `sumRows`.
   * The gradient of a weight: dWeight = xᵀ · dy.
   */
  matmulTransposedA(
    a: Float32Array,
    b: Float32Array,
    c: Float32Array,
    m: number,
    n: number,
    leafSizes: LeafSizes,
    narrowFrom?: number,
  ): void;

  /**
   * y [rows, outHeight, outWidth, filters] = the cross-correlation of x [rows, height, width, channels], padded by
   * zeros, with weight [kernel, kernel, channels, filters]: the product of each patch of x with the weight.
   */
  convolve(shape: Convolution, x: Float32Array, weight: Float32Array, y: Float32Array, rows: number): void;
  /** dx from dy: the product of each patch of dy, spread by the stride and padded, with the turned weight. */
  convolveBackwardInput(
    shape: Convolution,
    dy: Float32Array,
    weight: Float32Array,
    dx: Float32Array,
    rows: number,
  ): void;
  /** dWeight from x and dy, summed over a leaf's rows and positions in order, and then over the tree as by `sumRows`. */
  convolveBackwardWeight(
    shape: Convolution,
    x: Float32Array,
    dy: Float32Array,
    dWeight: Float32Array,
    leafSizes: LeafSizes,
    narrowFrom?: number,
  ): void;

  /** y = the largest of each window; of equally large ones the first. Values beyond the last window have no part. */
  maxPool(shape: Pooling, x: Float32Array, y: Float32Array, rows: number): void;
  /** dx = dy at the value that was the largest, else 0. */
  maxPoolBackward(
    shape: Pooling,
    x: Float32Array,
    y: Float32Array,
    dy: Float32Array,
    dx: Float32Array,
    rows: number,
  ): void;
  /** y = the mean of each window, summed in order. */
  averagePool(shape: Pooling, x: Float32Array, y: Float32Array, rows: number): void;
  averagePoolBackward(shape: Pooling, dy: Float32Array, dx: Float32Array, rows: number): void;

  /**
   * normalized [rows, columns] = (x - mean) / √(variance + ε), with mean and variance [leaves, columns] of each leaf's
   * rows, which it sets; and y = normalized · scale + shift, with scale and shift [columns].
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
  /** y = (x - mean) / √(variance + ε) · scale + shift, with a given mean and variance [columns] for all rows. */
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
   * Over each leaf's rows: dShift = Σ dy and dScale = Σ dy · normalized [leaves, columns], and
   * dx = (dy - dShift / size - normalized · dScale / size) · scale / √(variance + ε).
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
   * factors [rows, columns] = 0 with probability `rate`, else 1 / (1 - rate): a function of each row's key and the
   * column alone. `keys` [rows, 2]: a Threefry key a row.
   */
  dropoutFactors(keys: Uint32Array, factors: Float32Array, rows: number, columns: number, rate: number): void;
  /** product = a · b, elementwise over `count` values. */
  multiply(a: Float32Array, b: Float32Array, product: Float32Array, count: number): void;

  /** In place: adds bias [columns] to each row of y [rows, columns]. */
  addBias(y: Float32Array, bias: Float32Array, rows: number, columns: number): void;
  /**
   * sums [columns] = the rows of x [rows, columns], summed leaf by leaf and then over the tree. Each sum over `narrowFrom`
   * leaves or more is rounded as by `roundToBfloat16`; none, if that is not given.
   */
  sumRows(
    x: Float32Array,
    sums: Float32Array,
    columns: number,
    leafSizes: LeafSizes,
    narrowFrom?: number,
  ): void;

  /** y = activation(x), elementwise over `count` values. */
  activate(activation: Activation, x: Float32Array, y: Float32Array, count: number): void;
  /** dx = dy · activation′(x), elementwise; most derivatives are taken from y = activation(x). */
  activateBackward(
    activation: Activation,
    x: Float32Array,
    y: Float32Array,
    dy: Float32Array,
    dx: Float32Array,
    count: number,
  ): void;

  /**
   * Cross-entropy of softmax(logits [rows, classes]) against labels [rows]. Sets dLogits [rows, classes] to its
   * gradient and statistics [rows, 2] to each row's loss, and 1 if the prediction is right or else 0; of equally
   * large logits the first is the prediction. With smoothing s the target is 1 - s for the label, plus s / classes
   * for each class.
   */
  softmaxCrossEntropy: LossKernel;
  /** The same of the squared error ½‖logits - target‖² of linear outputs. */
  squaredError: LossKernel;

  /** values [count] = bytes [count] / 255. What a pixel means to the network. */
  scaleBytes(bytes: Uint8Array, values: Float32Array, count: number): void;
  /** In place: target += source, elementwise. The reduction tree's addition. */
  addInto(target: Float32Array, source: Float32Array): void;
  /**
   * In place: each value to the nearest one that has its sign, its exponent and 7 more bits alone, of two equally near
   * ones to the even one (bfloat16).
   */
  roundToBfloat16(values: Float32Array): void;
  /** In place: such rounded values, 16 bits each, little-endian, in the second half of their memory. */
  narrow(values: Float32Array): void;
  /** In place: what `narrow` made, as f32 values again. */
  widen(values: Float32Array): void;
  /** Whether no value is NaN or infinite. */
  isAllFinite(values: Float32Array): boolean;

  /**
   * 16 numbers that change with any bit of the values: value i goes into lane l = i mod 16, which begins as l, by
   * h ← rotateLeft(h + bits · 2246822519, 13) · 2654435761, modulo 2³² (xxHash32's round). Not for hiding anything.
   */
  fingerprint(values: Float32Array): Uint32Array;

  /** The sum of the squares, in f64 and in order. */
  sumOfSquares(values: Float32Array): number;
  /** In place: p ← keep · p + (1 - keep) · gradientSum / exampleCount: a running average. */
  updateAverage(update: Update, keep: number): void;
  /** In place: p ← p - rate · g, with the gradient g of {@link Update}. */
  updateSgd(update: Update): void;
  /** In place: v ← μ·v + g, p ← p - rate · v; with Nesterov's look-ahead p ← p - rate · (g + μ·v). */
  updateMomentum(update: Update, velocity: Float32Array, momentum: number, isNesterov: boolean): void;
  /** In place: v ← β·v + (1-β)·g², p ← p - rate · g / (√v + ε); with β = 1 the sum, v ← v + g² (Adagrad). */
  updateByRoot(update: Update, squares: Float32Array, beta: number, epsilon: number): void;
  /** In place: m ← β₁·m + (1-β₁)·g, v ← β₂·v + (1-β₂)·g², p ← p - rate · m / (√v / rootCorrection + ε). */
  updateAdam(
    update: Update,
    firstMoment: Float32Array,
    secondMoment: Float32Array,
    settings: AdamSettings,
  ): void;
}

/** What a normalised column is scaled and shifted by; each [columns]. */
export interface Affine {
  readonly scale: Float32Array;
  readonly shift: Float32Array;
}

/** Of each leaf and column; each [leaves, columns]. A leaf without rows is left as it was. */
export interface LeafMoments {
  readonly means: Float32Array;
  readonly variances: Float32Array;
}

/** Of each leaf and column: the variances that came before, and the gradients that follow. */
export interface LeafSlopes {
  readonly variances: Float32Array;
  readonly dScales: Float32Array;
  readonly dShifts: Float32Array;
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
  smoothing: number,
) => void;

/**
 * Parameters p and the sum of their gradients over `exampleCount` examples, equally long. The gradient is
 * g = gradientScale · (gradientSum / exampleCount) + weightDecay · p.
 */
export interface Update {
  readonly parameters: Float32Array;
  readonly gradientSum: Float32Array;
  readonly exampleCount: number;
  /** Rounded to f32 before use, as all settings of updates. */
  readonly rate: number;
  /** Below 1 where the gradient was too long. */
  readonly gradientScale: number;
  readonly weightDecay: number;
}

/** A convolution with a square kernel, rows × columns × channels, the same stride and padding in both directions. */
export interface Convolution {
  readonly height: number;
  readonly width: number;
  readonly channels: number;
  readonly filters: number;
  readonly kernel: number;
  readonly stride: number;
  /** Zeros beyond each edge. */
  readonly padding: number;
  readonly outHeight: number;
  readonly outWidth: number;
}

/** Windows of size × size side by side on images of height × width × channels. */
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
  /** What is left of a parameter before the step: below 1 is decoupled weight decay. */
  readonly keep: number;
}

export const ACTIVATIONS = ['identity', 'sigmoid', 'tanh', 'relu', 'leaky-relu', 'gelu', 'softplus'] as const;
export type Activation = (typeof ACTIVATIONS)[number];

/** What keeps a normalisation from dividing by 0. */
export const NORMALIZATION_EPSILON = Math.fround(1e-5);

/** The slope of leaky ReLU for negative inputs. */
export const LEAKY_SLOPE = Math.fround(0.01);

/**
 * How the products of `matmul` and its like are added up: `strict` multiplies, rounds, adds, rounds, which any
 * machine can do fast; `fused` rounds once (IEEE 754 fusedMultiplyAdd), which is faster where the hardware has it.
 */
export const NUMERICS = ['fused', 'strict'] as const;
export type Numerics = (typeof NUMERICS)[number];
