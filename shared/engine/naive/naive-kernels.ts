import { exp, gelu, geluSlope, log, sigmoid, softplus, tanh } from '../elementary.ts';
import { type Activation, type Kernels, LEAKY_SLOPE, type Numerics } from '../kernels.ts';
import { fusedMultiplyAdd } from './fused-multiply-add.ts';
import {
  createNaiveConvolution,
  NAIVE_IMAGE_KERNELS,
  NAIVE_NORMALIZATION,
} from './naive-image-kernels.ts';
import { sumOverTree, toBfloat16 } from './naive-sums.ts';
import { NAIVE_UPDATES } from './naive-updates.ts';

const f32 = Math.fround;

/** The kernels as plain loops: the definition of every result. */
export function createNaiveKernels(numerics: Numerics): Kernels {
  const multiplyAdd =
    numerics === 'fused'
      ? fusedMultiplyAdd
      : (a: number, b: number, c: number) => f32(c + f32(a * b));

  return {
    ...NAIVE_ELEMENT_KERNELS,
    ...NAIVE_IMAGE_KERNELS,
    ...NAIVE_NORMALIZATION,
    ...NAIVE_UPDATES,
    ...createNaiveConvolution(multiplyAdd),

    matmul(a, b, c, m, n, k) {
      for (let i = 0; i < m; i++) {
        for (let j = 0; j < n; j++) {
          let sum = 0;
          for (let l = 0; l < k; l++) sum = multiplyAdd(a[i * k + l], b[l * n + j], sum);
          c[i * n + j] = sum;
        }
      }
    },

    matmulTransposedB(a, b, c, m, n, k) {
      for (let i = 0; i < m; i++) {
        for (let j = 0; j < n; j++) {
          let sum = 0;
          for (let l = 0; l < k; l++) sum = multiplyAdd(a[i * k + l], b[j * k + l], sum);
          c[i * n + j] = sum;
        }
      }
    },

    matmulTransposedA(a, b, c, m, n, leafSizes, bfloat16LeavesMin) {
      for (let i = 0; i < m; i++) {
        for (let j = 0; j < n; j++) {
          const addRow = (row: number, sum: number) =>
            multiplyAdd(a[row * m + i], b[row * n + j], sum);
          c[i * n + j] = sumOverTree(leafSizes, bfloat16LeavesMin, addRow);
        }
      }
    },
  };
}

type ElementKernels = Pick<
  Kernels,
  | 'addBias'
  | 'sumRows'
  | 'activate'
  | 'activateBackward'
  | 'softmaxCrossEntropy'
  | 'squaredError'
  | 'huber'
  | 'scaleBytes'
  | 'addInto'
  | 'roundToBfloat16'
  | 'packBfloat16'
  | 'unpackBfloat16'
  | 'multiply'
  | 'isAllBounded'
  | 'fingerprint'
>;

/** The kernels that are the same for both numerics. */
const NAIVE_ELEMENT_KERNELS: ElementKernels = {
  addBias(y, bias, rows, columns) {
    for (let row = 0; row < rows; row++) {
      for (let j = 0; j < columns; j++) y[row * columns + j] += bias[j];
    }
  },

  sumRows(x, sums, columns, leafSizes, bfloat16LeavesMin) {
    for (let j = 0; j < columns; j++) {
      sums[j] = sumOverTree(leafSizes, bfloat16LeavesMin, (row, sum) =>
        f32(sum + x[row * columns + j]),
      );
    }
  },

  activate(activation, x, y, count) {
    const { value } = ACTIVATION_FUNCTIONS[activation];
    for (let i = 0; i < count; i++) y[i] = value(x[i]);
  },

  activateBackward(activation, x, y, dy, dx, count) {
    const { derivative } = ACTIVATION_FUNCTIONS[activation];
    for (let i = 0; i < count; i++) dx[i] = dy[i] * derivative(y[i], x[i]);
  },

  softmaxCrossEntropy(logits, labels, dLogits, lossAndCorrect, rows, classes, smoothing) {
    const target = createTargets(classes, smoothing);
    for (let row = 0; row < rows; row++) {
      const z = logits.subarray(row * classes, (row + 1) * classes);
      const dz = dLogits.subarray(row * classes, (row + 1) * classes);
      const label = labels[row];
      // softmax(z) = softmax(z - max z), which cannot overflow
      const max = z.reduce((largest, value) => (value > largest ? value : largest));
      let sum = 0;
      let expected = 0;
      for (let j = 0; j < classes; j++) {
        const shifted = f32(z[j] - max);
        expected = f32(expected + f32(target(j, label) * shifted));
        dz[j] = exp(shifted);
        sum = f32(sum + dz[j]);
      }
      for (let j = 0; j < classes; j++) dz[j] = f32(dz[j] / sum) - target(j, label);
      lossAndCorrect[2 * row] = log(sum) - expected;
      lossAndCorrect[2 * row + 1] = z.indexOf(max) === label ? 1 : 0;
    }
  },

  squaredError(logits, labels, dLogits, lossAndCorrect, rows, classes, smoothing) {
    const target = createTargets(classes, smoothing);
    for (let row = 0; row < rows; row++) {
      const z = logits.subarray(row * classes, (row + 1) * classes);
      const max = z.reduce((largest, value) => (value > largest ? value : largest));
      let sum = 0;
      for (let j = 0; j < classes; j++) {
        const difference = f32(z[j] - target(j, labels[row]));
        dLogits[row * classes + j] = difference;
        sum = f32(sum + f32(0.5 * f32(difference * difference)));
      }
      lossAndCorrect[2 * row] = sum;
      lossAndCorrect[2 * row + 1] = z.indexOf(max) === labels[row] ? 1 : 0;
    }
  },

  huber(outputs, targets, dOutputs, measures, rows, delta) {
    for (let row = 0; row < rows; row++) {
      const error = f32(outputs[row] - targets[row]);
      const size = Math.abs(error);
      const square = f32(error * error);
      const tail = f32(delta * f32(size - f32(0.5 * delta)));
      dOutputs[row] = error > delta ? delta : error < -delta ? -delta : error;
      measures.set([size <= delta ? f32(0.5 * square) : tail, square, size], 3 * row);
    }
  },

  scaleBytes(bytes, values, count) {
    for (let i = 0; i < count; i++) values[i] = bytes[i] / 255;
  },

  addInto(target, source) {
    for (let i = 0; i < target.length; i++) target[i] += source[i];
  },

  roundToBfloat16(values) {
    for (const [i, value] of values.entries()) values[i] = toBfloat16(value);
  },

  packBfloat16(values) {
    const halves = new Uint16Array(values.buffer, values.byteOffset, 2 * values.length);
    halves.set(
      halves.filter((_, i) => i % 2 === 1),
      values.length,
    );
  },

  unpackBfloat16(values) {
    const halves = new Uint16Array(values.buffer, values.byteOffset, 2 * values.length);
    const words = new Uint32Array(values.buffer, values.byteOffset, values.length);
    words.set(Uint32Array.from(halves.slice(values.length), (half) => half << 16));
  },

  multiply(a, b, product, count) {
    for (let i = 0; i < count; i++) product[i] = a[i] * b[i];
  },

  isAllBounded: (values) => values.every((value) => Math.abs(value) < 2 ** 62),

  fingerprint(values, blockLength) {
    const lanes = new Uint32Array(16 * Math.ceil(values.length / blockLength));
    lanes.forEach((_, i) => {
      lanes[i] = i % 16;
    });
    const bits = new Uint32Array(values.buffer, values.byteOffset, values.length);
    for (const [i, word] of bits.entries()) {
      const lane = 16 * Math.floor(i / blockLength) + ((i % blockLength) % 16);
      const h = lanes[lane] + Math.imul(word, 2246822519);
      lanes[lane] = Math.imul((h << 13) | (h >>> 19), 2654435761);
    }
    return lanes;
  },
};

/** The target of class j: 1 for the label and 0 for the other classes, smoothed. */
function createTargets(classes: number, smoothing: number): (j: number, label: number) => number {
  const others = f32(smoothing / classes);
  const own = f32(1 - smoothing + smoothing / classes);
  return (j, label) => (j === label ? own : others);
}

/**
 * Each activation and its derivative. A derivative uses the activation's value y if that is enough.
 * The activation of NaN is NaN.
 */
const ACTIVATION_FUNCTIONS: Record<
  Activation,
  { value(x: number): number; derivative(y: number, x: number): number }
> = {
  identity: { value: (x) => x, derivative: () => 1 },
  sigmoid: { value: sigmoid, derivative: (y) => f32(y * f32(1 - y)) },
  tanh: { value: tanh, derivative: (y) => f32(1 - f32(y * y)) },
  relu: { value: (x) => (x < 0 ? 0 : x), derivative: (y) => (y > 0 ? 1 : 0) },
  'leaky-relu': {
    value: (x) => (x < 0 ? x * LEAKY_SLOPE : x),
    derivative: (y) => (y > 0 ? 1 : LEAKY_SLOPE),
  },
  gelu: { value: gelu, derivative: (_, x) => geluSlope(x) },
  softplus: { value: softplus, derivative: (_, x) => sigmoid(x) },
};
