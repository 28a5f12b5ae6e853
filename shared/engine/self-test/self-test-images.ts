import type { Engine } from '../engine.ts';
import type { Convolution, Pooling } from '../kernels.ts';
import { type Trial, values } from './self-test-values.ts';

/**
 * Shapes with odd sizes, strides that leave out edges, kernels of one pixel and more, and channels
 * that do not fill the last vector.
 */
const CONVOLUTIONS: readonly Convolution[] = [
  [6, 7, 3, 5, 3, 1, 1],
  [5, 6, 1, 18, 3, 1, 1],
  [7, 6, 4, 8, 3, 2, 0],
  [5, 5, 2, 3, 5, 1, 2],
  [4, 4, 9, 17, 1, 1, 0],
].map(([height, width, channels, filters, kernel, stride, padding]) => ({
  height,
  width,
  channels,
  filters,
  kernel,
  stride,
  padding,
  outHeight: Math.floor((height + 2 * padding - kernel) / stride) + 1,
  outWidth: Math.floor((width + 2 * padding - kernel) / stride) + 1,
}));

function convolutionTrials(shape: Convolution): Trial[] {
  const leafSizes = Uint32Array.of(1, 2);
  const rows = 3;
  const { height, width, channels, filters, kernel, stride, outHeight, outWidth } = shape;
  const inputs = rows * height * width * channels;
  const outputs = rows * outHeight * outWidth * filters;
  const weights = kernel * kernel * channels * filters;
  const name =
    `${height} × ${width} × ${channels}, ` + `${filters} filters of ${kernel}, stride ${stride}`;
  const trial = (
    kind: string,
    length: number,
    run: (engine: Engine, result: Float32Array) => void,
  ): Trial => ({
    name: `${kind}, ${name}`,
    run(engine) {
      const result = engine.allocate(length);
      run(engine, result);
      return result;
    },
  });
  return [
    trial('convolve', outputs, (engine, y) =>
      engine.kernels.convolve(
        shape,
        values(engine, 20, inputs),
        values(engine, 21, weights),
        y,
        rows,
      ),
    ),
    trial('convolveBackwardInput', inputs, (engine, dx) =>
      engine.kernels.convolveBackwardInput(
        shape,
        values(engine, 22, outputs),
        values(engine, 21, weights),
        dx,
        rows,
      ),
    ),
    ...[undefined, 1, 2].map((bfloat16LeavesMin) =>
      trial(
        `convolveBackwardWeight, rounded from ${bfloat16LeavesMin}`,
        weights,
        (engine, dWeight) => {
          const [x, dy] = [values(engine, 20, inputs), values(engine, 22, outputs)];
          engine.kernels.convolveBackwardWeight(
            shape,
            x,
            dy,
            dWeight,
            leafSizes,
            bfloat16LeavesMin,
          );
        },
      ),
    ),
  ];
}

function poolingTrials(channels: number): Trial[] {
  const rows = 2;
  const shape: Pooling = { height: 5, width: 6, channels, size: 2, outHeight: 2, outWidth: 3 };
  const [inputs, outputs] = [rows * 5 * 6 * channels, rows * 2 * 3 * channels];
  const both = (
    name: string,
    run: (engine: Engine, y: Float32Array, dx: Float32Array) => void,
  ): Trial => ({
    name: `${name}, ${channels} channels`,
    run(engine) {
      const result = engine.allocate(inputs + outputs);
      run(engine, result.subarray(0, outputs), result.subarray(outputs));
      return result;
    },
  });
  return [
    both('maxPool', (engine, y, dx) => {
      const x = values(engine, 23, inputs, true);
      engine.kernels.maxPool(shape, x, y, rows);
      engine.kernels.maxPoolBackward(shape, x, y, values(engine, 24, outputs), dx, rows);
    }),
    both('averagePool', (engine, y, dx) => {
      engine.kernels.averagePool(shape, values(engine, 23, inputs), y, rows);
      engine.kernels.averagePoolBackward(shape, values(engine, 24, outputs), dx, rows);
    }),
  ];
}

function normalizationTrial(columns: number): Trial {
  const leafSizes = Uint32Array.of(3, 0, 1, 4);
  const rows = 8;
  return {
    name: `normalize, ${columns} columns`,
    run(engine) {
      const { kernels } = engine;
      const size = rows * columns;
      const result = engine.allocate(4 * size);
      const [normalized, dx, y, other] = [0, 1, 2, 3].map((i) =>
        result.subarray(i * size, (i + 1) * size),
      );
      const ofLeaves = () => engine.allocate(4 * columns);
      const leaves = {
        means: ofLeaves(),
        variances: ofLeaves(),
        dScales: ofLeaves(),
        dShifts: ofLeaves(),
      };
      const affine = { scale: values(engine, 28, columns), shift: values(engine, 29, columns) };
      kernels.normalize(
        values(engine, 25, size),
        affine,
        normalized,
        y,
        leaves,
        columns,
        leafSizes,
      );
      const dy = values(engine, 26, size);
      kernels.normalizeBackward(normalized, dy, affine.scale, dx, leaves, columns, leafSizes);
      const [dScale, variance] = [leaves.dScales, leaves.variances].map((all) =>
        all.subarray(3 * columns),
      );
      kernels.normalizeBy(y, affine, other, dScale, variance, rows, columns);
      return result;
    },
  };
}

function dropoutTrial(columns: number): Trial {
  return {
    name: `dropoutFactors, ${columns} columns`,
    run(engine) {
      const keys = engine.allocateWords(6);
      keys.set([1, 2, 0xffffffff, 0, 7, 0x80000000]);
      const factors = engine.allocate(3 * columns);
      engine.kernels.dropoutFactors(keys, factors, 3, columns, 0.4);
      const product = engine.allocate(3 * columns);
      engine.kernels.multiply(factors, values(engine, 27, 3 * columns), product, 3 * columns);
      return product;
    },
  };
}

/** Trials of the kernels for convolution, pooling, normalization and dropout. */
export const IMAGE_TRIALS: readonly Trial[] = [
  ...CONVOLUTIONS.flatMap(convolutionTrials),
  ...[1, 4, 7].flatMap(poolingTrials),
  ...[7, 18].map(normalizationTrial),
  ...[1, 6, 8, 11].map(dropoutTrial),
];
