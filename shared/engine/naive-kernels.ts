import { splitPoint } from '../reduction-tree.ts';
import { exp, log, sigmoid, tanh } from './elementary.ts';
import { fusedMultiplyAdd } from './fused-multiply-add.ts';
import {
  type Activation,
  type Kernels,
  LEAKY_SLOPE,
  type LeafSizes,
  type Numerics,
  type Update,
} from './kernels.ts';

const f32 = Math.fround;

/** The kernels as plain loops: the definition of every result. */
export function createNaiveKernels(numerics: Numerics): Kernels {
  const multiplyAdd =
    numerics === 'fused' ? fusedMultiplyAdd : (a: number, b: number, c: number) => f32(c + f32(a * b));

  return {
    ...SHARED_KERNELS,

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

    matmulTransposedA(a, b, c, m, n, leafSizes) {
      for (let i = 0; i < m; i++) {
        for (let j = 0; j < n; j++) {
          const addRow = (row: number, sum: number) => multiplyAdd(a[row * m + i], b[row * n + j], sum);
          c[i * n + j] = sumOverTree(leafSizes, addRow);
        }
      }
    },
  };
}

/** Those that both profiles have in common. */
const SHARED_KERNELS: Omit<Kernels, 'matmul' | 'matmulTransposedA' | 'matmulTransposedB'> = {
  addBias(y, bias, rows, columns) {
    for (let row = 0; row < rows; row++) {
      for (let j = 0; j < columns; j++) y[row * columns + j] += bias[j];
    }
  },

  sumRows(x, sums, columns, leafSizes) {
    for (let j = 0; j < columns; j++) {
      sums[j] = sumOverTree(leafSizes, (row, sum) => f32(sum + x[row * columns + j]));
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

  softmaxCrossEntropy(logits, labels, dLogits, statistics, rows, classes) {
    for (let row = 0; row < rows; row++) {
      const z = logits.subarray(row * classes, (row + 1) * classes);
      const dz = dLogits.subarray(row * classes, (row + 1) * classes);
      const label = labels[row];
      // softmax(z) = softmax(z - max z), which cannot overflow
      const max = z.reduce((largest, value) => (value > largest ? value : largest));
      let sum = 0;
      for (let j = 0; j < classes; j++) {
        dz[j] = exp(f32(z[j] - max));
        sum = f32(sum + dz[j]);
      }
      for (let j = 0; j < classes; j++) dz[j] /= sum;
      dz[label] -= 1;
      statistics[2 * row] = log(sum) - f32(z[label] - max);
      statistics[2 * row + 1] = z.indexOf(max) === label ? 1 : 0;
    }
  },

  squaredError(logits, labels, dLogits, statistics, rows, classes) {
    for (let row = 0; row < rows; row++) {
      const z = logits.subarray(row * classes, (row + 1) * classes);
      const max = z.reduce((largest, value) => (value > largest ? value : largest));
      let sum = 0;
      for (let j = 0; j < classes; j++) {
        const difference = f32(z[j] - (j === labels[row] ? 1 : 0));
        dLogits[row * classes + j] = difference;
        sum = f32(sum + f32(0.5 * f32(difference * difference)));
      }
      statistics[2 * row] = sum;
      statistics[2 * row + 1] = z.indexOf(max) === labels[row] ? 1 : 0;
    }
  },

  scaleBytes(bytes, values, count) {
    for (let i = 0; i < count; i++) values[i] = bytes[i] / 255;
  },

  addInto(target, source) {
    for (let i = 0; i < target.length; i++) target[i] += source[i];
  },

  isAllFinite: (values) => values.every(Number.isFinite),

  updateSgd(update) {
    const rate = f32(update.rate);
    for (let i = 0; i < update.parameters.length; i++) {
      update.parameters[i] -= f32(rate * meanGradient(update, i));
    }
  },

  updateMomentum(update, velocity, momentum, isNesterov) {
    const [rate, mu] = [f32(update.rate), f32(momentum)];
    for (let i = 0; i < update.parameters.length; i++) {
      const gradient = meanGradient(update, i);
      velocity[i] = f32(mu * velocity[i]) + gradient;
      const direction = isNesterov ? f32(gradient + f32(mu * velocity[i])) : velocity[i];
      update.parameters[i] -= f32(rate * direction);
    }
  },

  updateAdam(update, firstMoment, secondMoment, { beta1, beta2, epsilon, rootCorrection }) {
    const [rate, b1, b2, eps, correction] = [update.rate, beta1, beta2, epsilon, rootCorrection].map(f32);
    const [complement1, complement2] = [f32(1 - beta1), f32(1 - beta2)];
    for (let i = 0; i < update.parameters.length; i++) {
      const gradient = meanGradient(update, i);
      firstMoment[i] = f32(b1 * firstMoment[i]) + f32(complement1 * gradient);
      secondMoment[i] = f32(b2 * secondMoment[i]) + f32(complement2 * f32(gradient * gradient));
      const scale = f32(f32(f32(Math.sqrt(secondMoment[i])) / correction) + eps);
      update.parameters[i] -= f32(rate * f32(firstMoment[i] / scale));
    }
  },
};

/** Sums over rows: each leaf's in order, from +0; then the leaves over the tree. `add` returns sum + the row's term. */
function sumOverTree(leafSizes: LeafSizes, add: (row: number, sum: number) => number): number {
  let row = 0;
  const leafSums = Array.from(leafSizes, (size) => {
    let sum = 0;
    for (const end = row + size; row < end; row++) sum = add(row, sum);
    return sum;
  });
  const sumNode = (lo: number, hi: number): number => {
    if (hi - lo === 1) return leafSums[lo];
    const middle = splitPoint({ lo, hi });
    return f32(sumNode(lo, middle) + sumNode(middle, hi));
  };
  return sumNode(0, leafSizes.length);
}

const meanGradient = ({ gradientSum, exampleCount }: Update, i: number): number =>
  f32(gradientSum[i] / exampleCount);

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
