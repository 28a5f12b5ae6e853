import { threefry2x32 } from '../../random.ts';
import { type Convolution, type Kernels, NORMALIZATION_EPSILON, type Pooling } from '../kernels.ts';
import { sumOverTree } from './naive-sums.ts';

const f32 = Math.fround;

type MultiplyAdd = (a: number, b: number, sum: number) => number;
type ConvolutionKernels = Pick<
  Kernels,
  'convolve' | 'convolveBackwardInput' | 'convolveBackwardWeight'
>;

/**
 * Convolution as plain loops. Values beyond an edge are zeros, and their products are part of the
 * sums.
 */
export function createNaiveConvolution(multiplyAdd: MultiplyAdd): ConvolutionKernels {
  return {
    convolve(shape, x, weight, y, rows) {
      const { channels, filters, kernel, stride, padding } = shape;
      forEachOutput(shape, rows, (row, i, j, output) => {
        for (let o = 0; o < filters; o++) {
          let sum = 0;
          for (let di = 0; di < kernel; di++) {
            for (let dj = 0; dj < kernel; dj++) {
              const [h, w] = [i * stride + di - padding, j * stride + dj - padding];
              for (let c = 0; c < channels; c++) {
                const factor = weight[((di * kernel + dj) * channels + c) * filters + o];
                sum = multiplyAdd(inputAt(shape, x, row, h, w, c), factor, sum);
              }
            }
          }
          y[output * filters + o] = sum;
        }
      });
    },

    convolveBackwardInput(shape, dy, weight, dx, rows) {
      const { height, width, channels, filters, kernel, stride, padding, outHeight, outWidth } =
        shape;
      const outputAt = (row: number, h: number, w: number, o: number): number => {
        const [i, j] = [h / stride, w / stride];
        const isInside = Number.isInteger(i) && Number.isInteger(j) && i >= 0 && j >= 0;
        if (!isInside || i >= outHeight || j >= outWidth) return 0;
        return dy[((row * outHeight + i) * outWidth + j) * filters + o];
      };
      const margin = kernel - 1 - padding;
      for (let index = 0; index < rows * height * width * channels; index++) {
        const c = index % channels;
        const w = Math.floor(index / channels) % width;
        const h = Math.floor(index / (channels * width)) % height;
        const row = Math.floor(index / (channels * width * height));
        let sum = 0;
        for (let u = 0; u < kernel; u++) {
          for (let v = 0; v < kernel; v++) {
            const turned = ((kernel - 1 - u) * kernel + kernel - 1 - v) * channels + c;
            for (let o = 0; o < filters; o++) {
              const value = outputAt(row, h + u - margin, w + v - margin, o);
              sum = multiplyAdd(value, weight[turned * filters + o], sum);
            }
          }
        }
        dx[index] = sum;
      }
    },

    convolveBackwardWeight(shape, x, dy, dWeight, leafSizes, bfloat16LeavesMin) {
      const { channels, filters, kernel, stride, padding, outHeight, outWidth } = shape;
      const positions = outHeight * outWidth;
      for (let index = 0; index < kernel * kernel * channels * filters; index++) {
        const o = index % filters;
        const c = Math.floor(index / filters) % channels;
        const dj = Math.floor(index / (filters * channels)) % kernel;
        const di = Math.floor(index / (filters * channels * kernel));
        dWeight[index] = sumOverTree(leafSizes, bfloat16LeavesMin, (row, before) => {
          let sum = before;
          for (let position = 0; position < positions; position++) {
            const h = Math.floor(position / outWidth) * stride + di - padding;
            const w = (position % outWidth) * stride + dj - padding;
            sum = multiplyAdd(
              inputAt(shape, x, row, h, w, c),
              dy[(row * positions + position) * filters + o],
              sum,
            );
          }
          return sum;
        });
      }
    },
  };
}

function inputAt(
  { height, width, channels }: Convolution,
  x: Float32Array,
  row: number,
  h: number,
  w: number,
  c: number,
): number {
  if (h < 0 || w < 0 || h >= height || w >= width) return 0;
  return x[((row * height + h) * width + w) * channels + c];
}

function forEachOutput(
  { outHeight, outWidth }: Convolution | Pooling,
  rows: number,
  visit: (row: number, i: number, j: number, output: number) => void,
): void {
  let output = 0;
  for (let row = 0; row < rows; row++) {
    for (let i = 0; i < outHeight; i++)
      for (let j = 0; j < outWidth; j++) visit(row, i, j, output++);
  }
}

/**
 * Calls `visit` for each window and channel: with the indices of its values in x, in order, and the
 * index of its result in y.
 */
function forEachWindow(
  shape: Pooling,
  rows: number,
  visit: (inputs: readonly number[], output: number) => void,
): void {
  const { height, width, channels, size } = shape;
  forEachOutput(shape, rows, (row, i, j, output) => {
    for (let c = 0; c < channels; c++) {
      const inputs = Array.from({ length: size * size }, (_, k) => {
        const [h, w] = [i * size + Math.floor(k / size), j * size + (k % size)];
        return ((row * height + h) * width + w) * channels + c;
      });
      visit(inputs, output * channels + c);
    }
  });
}

const inputCount = ({ height, width, channels }: Pooling, rows: number): number =>
  rows * height * width * channels;

type ImageKernels = Pick<
  Kernels,
  'maxPool' | 'maxPoolBackward' | 'averagePool' | 'averagePoolBackward' | 'dropoutFactors'
>;

/** Pooling and dropout as plain loops. */
export const NAIVE_IMAGE_KERNELS: ImageKernels = {
  maxPool(shape, x, y, rows) {
    forEachWindow(shape, rows, (inputs, output) => {
      y[output] = inputs.map((i) => x[i]).reduce((max, value) => (value > max ? value : max));
    });
  },

  maxPoolBackward(shape, x, y, dy, dx, rows) {
    dx.fill(0, 0, inputCount(shape, rows));
    forEachWindow(shape, rows, (inputs, output) => {
      const largest = inputs.find((i) => x[i] === y[output]);
      if (largest !== undefined) dx[largest] = dy[output];
    });
  },

  averagePool({ size, ...shape }, x, y, rows) {
    forEachWindow({ size, ...shape }, rows, (inputs, output) => {
      y[output] = f32(inputs.reduce((sum, i) => f32(sum + x[i]), 0) / (size * size));
    });
  },

  averagePoolBackward({ size, ...shape }, dy, dx, rows) {
    dx.fill(0, 0, inputCount({ size, ...shape }, rows));
    forEachWindow({ size, ...shape }, rows, (inputs, output) => {
      for (const i of inputs) dx[i] = f32(dy[output] / (size * size));
    });
  },

  dropoutFactors(keys, factors, rows, columns, rate) {
    const scale = f32(1 / (1 - rate));
    const threshold = Math.floor(rate * 2 ** 32);
    for (let i = 0; i < rows * columns; i++) {
      const row = Math.floor(i / columns);
      const [word] = threefry2x32([keys[2 * row], keys[2 * row + 1]], [i % columns, 0]);
      factors[i] = word < threshold ? 0 : scale;
    }
  },
};

type NormalizationKernels = Pick<Kernels, 'normalize' | 'normalizeBy' | 'normalizeBackward'>;

/** Batch normalization as plain loops. */
export const NAIVE_NORMALIZATION: NormalizationKernels = {
  normalize(x, { scale, shift }, normalized, y, { means, variances }, columns, leafSizes) {
    forEachLeaf(leafSizes, columns, (indices, size, column, result) => {
      const mean = f32(sumOf(indices, (i) => x[i]) / size);
      const variance = f32(sumOf(indices, (i) => f32(f32(x[i] - mean) * f32(x[i] - mean))) / size);
      const factor = inverseRoot(variance);
      for (const i of indices) {
        normalized[i] = f32(x[i] - mean) * factor;
        y[i] = f32(normalized[i] * scale[column]) + shift[column];
      }
      means[result] = mean;
      variances[result] = variance;
    });
  },

  normalizeBy(x, { scale, shift }, y, mean, variance, rows, columns) {
    for (let i = 0; i < rows * columns; i++) {
      const column = i % columns;
      const normalized = f32(f32(x[i] - mean[column]) * inverseRoot(variance[column]));
      y[i] = f32(normalized * scale[column]) + shift[column];
    }
  },

  normalizeBackward(
    normalized,
    dy,
    scale,
    dx,
    { variances, dScales, dShifts },
    columns,
    leafSizes,
  ) {
    forEachLeaf(leafSizes, columns, (indices, size, column, result) => {
      const dShift = sumOf(indices, (i) => dy[i]);
      const dScale = sumOf(indices, (i) => f32(dy[i] * normalized[i]));
      const [mean, slope] = [f32(dShift / size), f32(dScale / size)];
      const factor = f32(scale[column] * inverseRoot(variances[result]));
      for (const i of indices) dx[i] = f32(f32(dy[i] - mean) - f32(normalized[i] * slope)) * factor;
      dScales[result] = dScale;
      dShifts[result] = dShift;
    });
  },
};

const inverseRoot = (variance: number): number =>
  f32(1 / f32(Math.sqrt(f32(variance + NORMALIZATION_EPSILON))));

const sumOf = (indices: readonly number[], term: (i: number) => number): number =>
  indices.reduce((sum, i) => f32(sum + term(i)), 0);

/**
 * Calls `visit` for each column of each leaf that has rows. It gets the indices of the values,
 * their number, the column, and the index of the result in [leaves, columns].
 */
function forEachLeaf(
  leafSizes: Uint32Array,
  columns: number,
  visit: (indices: readonly number[], size: number, column: number, result: number) => void,
): void {
  let start = 0;
  for (const [leaf, size] of leafSizes.entries()) {
    for (let column = 0; column < columns; column++) {
      const indices = Array.from({ length: size }, (_, row) => (start + row) * columns + column);
      if (size > 0) visit(indices, size, column, leaf * columns + column);
    }
    start += size;
  }
}
