import { exp, log, sigmoid, tanh } from './elementary.ts';
import { type Activation, type Kernels, LEAKY_SLOPE } from './kernels.ts';

/** Rounds to f32; the compiler turns f32(a + b) of two f32 values into one f32 addition. */
const f32 = Math.fround;

/** The kernels as plain loops: the definition of every result. */
export const naiveKernels: Kernels = {
  matmul: (a, b, c, m, n, k) => multiply(a, k, 1, b, c, m, n, k),
  matmulTransposedA: (a, b, c, m, n, k) => multiply(a, 1, m, b, c, m, n, k),
  matmulTransposedB: multiplyRows,

  addBias(y, bias, rows, columns) {
    for (let row = 0; row < rows; row++) {
      for (let j = 0; j < columns; j++) y[row * columns + j] += bias[j];
    }
  },

  sumRows(dy, dBias, rows, columns) {
    dBias.fill(0, 0, columns);
    for (let row = 0; row < rows; row++) {
      for (let j = 0; j < columns; j++) dBias[j] += dy[row * columns + j];
    }
  },

  activate(activation, x, y, count) {
    const { value } = ACTIVATION_FUNCTIONS[activation];
    for (let i = 0; i < count; i++) y[i] = value(x[i]);
  },

  activateBackward(activation, y, dy, dx, count) {
    const { derivative } = ACTIVATION_FUNCTIONS[activation];
    for (let i = 0; i < count; i++) dx[i] = dy[i] * derivative(y[i]);
  },

  softmaxCrossEntropy(logits, labels, dLogits, rows, classes) {
    let lossSum = 0;
    for (let row = 0; row < rows; row++) {
      const start = row * classes;
      const label = start + labels[row];
      // softmax(z) = softmax(z - max z), which cannot overflow
      let max = logits[start];
      for (let i = start; i < start + classes; i++) if (logits[i] > max) max = logits[i];
      let sum = 0;
      for (let i = start; i < start + classes; i++) {
        dLogits[i] = exp(f32(logits[i] - max));
        sum = f32(sum + dLogits[i]);
      }
      for (let i = start; i < start + classes; i++) dLogits[i] /= sum;
      dLogits[label] -= 1;
      lossSum = f32(lossSum + f32(log(sum) - f32(logits[label] - max)));
    }
    return lossSum;
  },

  squaredError(logits, labels, dLogits, rows, classes) {
    let lossSum = 0;
    for (let row = 0; row < rows; row++) {
      for (let j = 0; j < classes; j++) {
        const i = row * classes + j;
        dLogits[i] = logits[i] - (j === labels[row] ? 1 : 0);
        lossSum = f32(lossSum + f32(0.5 * f32(dLogits[i] * dLogits[i])));
      }
    }
    return lossSum;
  },

  countCorrect(logits, labels, rows, classes) {
    let count = 0;
    for (let row = 0; row < rows; row++) {
      const start = row * classes;
      let best = 0;
      for (let j = 1; j < classes; j++) if (logits[start + j] > logits[start + best]) best = j;
      if (best === labels[row]) count++;
    }
    return count;
  },

  addInto(target, source, count) {
    for (let i = 0; i < count; i++) target[i] += source[i];
  },
};

/**
 * c [m, n] = a · b, where a[i, l] is at i·aRow + l·aColumn, so that one loop serves a and aᵀ, and b [k, n].
 * Four columns at a time, to keep four sums in flight; each of them runs over l in order.
 */
function multiply(
  a: Float32Array,
  aRow: number,
  aColumn: number,
  b: Float32Array,
  c: Float32Array,
  m: number,
  n: number,
  k: number,
): void {
  for (let i = 0; i < m; i++) {
    const end = i * aRow + k * aColumn;
    let j = 0;
    for (; j + 4 <= n; j += 4) {
      let sum0 = 0;
      let sum1 = 0;
      let sum2 = 0;
      let sum3 = 0;
      for (let p = i * aRow, q = j; p !== end; p += aColumn, q += n) {
        const x = a[p];
        sum0 = f32(sum0 + f32(x * b[q]));
        sum1 = f32(sum1 + f32(x * b[q + 1]));
        sum2 = f32(sum2 + f32(x * b[q + 2]));
        sum3 = f32(sum3 + f32(x * b[q + 3]));
      }
      const r = i * n + j;
      c[r] = sum0;
      c[r + 1] = sum1;
      c[r + 2] = sum2;
      c[r + 3] = sum3;
    }
    for (; j < n; j++) {
      let sum = 0;
      for (let p = i * aRow, q = j; p !== end; p += aColumn, q += n) sum = f32(sum + f32(a[p] * b[q]));
      c[i * n + j] = sum;
    }
  }
}

/** c [m, n] = a [m, k] · bᵀ with b [n, k]: the inner products of the rows of a and b, four at a time. */
function multiplyRows(
  a: Float32Array,
  b: Float32Array,
  c: Float32Array,
  m: number,
  n: number,
  k: number,
): void {
  for (let i = 0; i < m; i++) {
    const start = i * k;
    let j = 0;
    for (; j + 4 <= n; j += 4) {
      let sum0 = 0;
      let sum1 = 0;
      let sum2 = 0;
      let sum3 = 0;
      for (let p = start, q = j * k; p < start + k; p++, q++) {
        const x = a[p];
        sum0 = f32(sum0 + f32(x * b[q]));
        sum1 = f32(sum1 + f32(x * b[q + k]));
        sum2 = f32(sum2 + f32(x * b[q + 2 * k]));
        sum3 = f32(sum3 + f32(x * b[q + 3 * k]));
      }
      const r = i * n + j;
      c[r] = sum0;
      c[r + 1] = sum1;
      c[r + 2] = sum2;
      c[r + 3] = sum3;
    }
    for (; j < n; j++) {
      let sum = 0;
      for (let p = start, q = j * k; p < start + k; p++, q++) sum = f32(sum + f32(a[p] * b[q]));
      c[i * n + j] = sum;
    }
  }
}

/** Each activation and its derivative, the latter from the activation's value y. NaN stays NaN. */
const ACTIVATION_FUNCTIONS: Record<Activation, { value(x: number): number; derivative(y: number): number }> =
  {
    identity: { value: (x) => x, derivative: () => 1 },
    sigmoid: { value: sigmoid, derivative: (y) => f32(y * f32(1 - y)) },
    tanh: { value: tanh, derivative: (y) => f32(1 - f32(y * y)) },
    relu: { value: (x) => (x < 0 ? 0 : x), derivative: (y) => (y > 0 ? 1 : 0) },
    'leaky-relu': {
      value: (x) => (x < 0 ? x * LEAKY_SLOPE : x),
      derivative: (y) => (y > 0 ? 1 : LEAKY_SLOPE),
    },
  };
