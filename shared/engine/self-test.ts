import { randomKey, uniform } from '../random.ts';
import type { Engine } from './engine.ts';
import { ACTIVATIONS, type Convolution, type Kernels, type Pooling } from './kernels.ts';

/** Shapes [m, n, k] with full tiles, tails of each kind, one row, one column, and nothing to add up. */
const SHAPES = [
  [1, 1, 1],
  [1, 10, 7],
  [6, 16, 5],
  [13, 35, 9],
  [5, 16, 33],
  [12, 8, 3],
  [23, 10, 12],
  [4, 17, 0],
  [27, 32, 6],
] as const;
const LEAF_SIZES = [[3], [2, 3, 2], [1, 0, 4, 2, 2], [1, 1, 1, 1, 1, 1, 1, 1]] as const;
/** What a shortcut in arithmetic would show. */
const AWKWARD = [0, -0, 1e-45, -1e-40, 3e38, -3e38, Infinity, NaN, 1 + 2 ** -23, 2 ** -126];

/** One computation that an engine can do, and what comes out. */
interface Trial {
  readonly name: string;
  run(engine: Engine): Float32Array;
}

/**
 * Does the same with both engines. Returns the name of the first trial whose results differ in any bit, or
 * undefined. (NaN is NaN, whatever its bits: they are not defined, and a run that has one ends.)
 */
export function findDifference(engine: Engine, reference: Engine): string | undefined {
  return TRIALS.find(({ run }) => !isSame(run(engine), run(reference)))?.name;
}

function isSame(a: Float32Array, b: Float32Array): boolean {
  return a.length === b.length && a.every((value, i) => Object.is(value, b[i]));
}

/** `count` values of an engine's, the same for every engine; with `isAwkward` every fifth is one of the list. */
function values(engine: Engine, salt: number, count: number, isAwkward = false): Float32Array {
  const buffer = engine.allocate(count);
  const key = randomKey(salt, 'selfTest');
  for (let i = 0; i < count; i++) {
    buffer[i] = isAwkward && i % 5 === 0 ? AWKWARD[(i / 5 + salt) % AWKWARD.length] : 4 * uniform(key, i) - 2;
  }
  return buffer;
}

function matrixTrials([m, n, k]: readonly [number, number, number], isAwkward: boolean): Trial[] {
  const shape = `${m} × ${n} × ${k}${isAwkward ? ', awkward values' : ''}`;
  const product = (name: 'matmul' | 'matmulTransposedB'): Trial => ({
    name: `${name}, ${shape}`,
    run(engine) {
      const c = engine.allocate(m * n);
      engine.kernels[name](values(engine, 1, m * k, isAwkward), values(engine, 2, k * n), c, m, n, k);
      return c;
    },
  });
  return [product('matmul'), product('matmulTransposedB')];
}

function treeTrials(leafSizes: Uint32Array): Trial[] {
  const rows = leafSizes.reduce((sum, size) => sum + size, 0);
  const [m, n] = [9, 19];
  const name = `leaves of ${leafSizes.join()} rows`;
  return [
    {
      name: `matmulTransposedA, ${name}`,
      run(engine) {
        const c = engine.allocate(m * n);
        engine.kernels.matmulTransposedA(
          values(engine, 1, rows * m),
          values(engine, 2, rows * n),
          c,
          m,
          n,
          leafSizes,
        );
        return c;
      },
    },
    {
      name: `sumRows, ${name}`,
      run(engine) {
        const sums = engine.allocate(n);
        engine.kernels.sumRows(values(engine, 3, rows * n), sums, n, leafSizes);
        return sums;
      },
    },
  ];
}

/** A count that leaves one, two and three values beyond the last vector. */
const COUNTS = [61, 62, 63];

function elementTrials(count: number): Trial[] {
  const activationTrials = ACTIVATIONS.map((activation) => ({
    name: `${activation}, ${count} values`,
    run(engine: Engine) {
      const [x, dy] = [values(engine, 4, count, true), values(engine, 5, count)];
      const [y, dx] = [engine.allocate(count), engine.allocate(count)];
      engine.kernels.activate(activation, x, y, count);
      engine.kernels.activateBackward(activation, x, y, dy, dx, count);
      y.forEach((value, i) => {
        dx[i] += value;
      });
      return dx;
    },
  }));
  const rows = 7;
  const classes = count % 10;
  const lossTrials = (['softmaxCrossEntropy', 'squaredError'] as const).map((loss) => ({
    name: `${loss}, ${classes} classes`,
    run(engine: Engine) {
      const result = engine.allocate(rows * (classes + 2));
      const labels = engine.allocateBytes(rows);
      labels.forEach((_, row) => {
        labels[row] = row % classes;
      });
      const dLogits = result.subarray(0, rows * classes);
      const statistics = result.subarray(rows * classes);
      const logits = values(engine, 6, rows * classes);
      logits.set([88, -100, 0, 0], classes);
      engine.kernels[loss](logits, labels, dLogits, statistics, rows, classes, 0.1);
      return result;
    },
  }));
  return [...activationTrials, ...lossTrials];
}

/** An update twice in a row, so that the state counts; returns parameters and state, one after the other. */
function updateTrial(
  name: string,
  update: (kernels: Kernels, parameters: Float32Array, sum: Float32Array, state: Float32Array[]) => void,
): Trial {
  const count = 63;
  return {
    name,
    run(engine) {
      const all = values(engine, 7, 3 * count).map((value, i) => (i < count ? value : 0));
      const buffer = engine.allocate(3 * count);
      buffer.set(all);
      const [parameters, first, second] = [0, 1, 2].map((i) => buffer.subarray(i * count, (i + 1) * count));
      for (const salt of [8, 9])
        update(engine.kernels, parameters, values(engine, salt, count), [first, second]);
      return buffer;
    },
  };
}

const UPDATE = { exampleCount: 7, rate: 0.1, gradientScale: 0.7, weightDecay: 0.01 };
const ADAM = { beta1: 0.9, beta2: 0.999, epsilon: 1e-8, rootCorrection: 0.3, keep: 0.9 };

const UPDATE_TRIALS: Trial[] = [
  updateTrial('updateSgd', (kernels, parameters, gradientSum) =>
    kernels.updateSgd({ parameters, gradientSum, ...UPDATE }),
  ),
  ...[false, true].map((isNesterov) =>
    updateTrial('updateMomentum', (kernels, parameters, gradientSum, [velocity]) =>
      kernels.updateMomentum({ parameters, gradientSum, ...UPDATE }, velocity, 0.9, isNesterov),
    ),
  ),
  ...[0.9, 1].map((beta) =>
    updateTrial(`updateByRoot, ${beta}`, (kernels, parameters, gradientSum, [squares]) =>
      kernels.updateByRoot({ parameters, gradientSum, ...UPDATE }, squares, beta, 1e-8),
    ),
  ),
  updateTrial('updateAverage', (kernels, parameters, gradientSum) =>
    kernels.updateAverage({ parameters, gradientSum, ...UPDATE }, 0.9),
  ),
  updateTrial('updateAdam', (kernels, parameters, gradientSum, [first, second]) =>
    kernels.updateAdam({ parameters, gradientSum, ...UPDATE }, first, second, ADAM),
  ),
];

/** Odd sizes, strides that leave edges out, kernels of one and more, channels beyond the last vector. */
const CONVOLUTIONS: readonly Convolution[] = [
  [6, 7, 3, 5, 3, 1, 1],
  [5, 6, 1, 18, 3, 1, 1],
  [7, 6, 4, 8, 3, 2, 0],
  [5, 5, 2, 3, 5, 1, 2],
  [4, 4, 9, 17, 1, 1, 0],
].map(([height, width, channels, filters, kernel, stride, padding]) => ({
  ...{ height, width, channels, filters, kernel, stride, padding },
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
  const name = `${height} × ${width} × ${channels}, ${filters} filters of ${kernel}, stride ${stride}`;
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
      engine.kernels.convolve(shape, values(engine, 20, inputs), values(engine, 21, weights), y, rows),
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
    trial('convolveBackwardWeight', weights, (engine, dWeight) =>
      engine.kernels.convolveBackwardWeight(
        shape,
        values(engine, 20, inputs),
        values(engine, 22, outputs),
        dWeight,
        leafSizes,
      ),
    ),
  ];
}

function poolingTrials(channels: number): Trial[] {
  const rows = 2;
  const shape: Pooling = { height: 5, width: 6, channels, size: 2, outHeight: 2, outWidth: 3 };
  const [inputs, outputs] = [rows * 5 * 6 * channels, rows * 2 * 3 * channels];
  const both = (name: string, run: (engine: Engine, y: Float32Array, dx: Float32Array) => void): Trial => ({
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
      const [normalized, dx, y, other] = [0, 1, 2, 3].map((i) => result.subarray(i * size, (i + 1) * size));
      const ofLeaves = () => engine.allocate(4 * columns);
      const leaves = { means: ofLeaves(), variances: ofLeaves(), dScales: ofLeaves(), dShifts: ofLeaves() };
      const affine = { scale: values(engine, 28, columns), shift: values(engine, 29, columns) };
      kernels.normalize(values(engine, 25, size), affine, normalized, y, leaves, columns, leafSizes);
      const dy = values(engine, 26, size);
      kernels.normalizeBackward(normalized, dy, affine.scale, dx, leaves, columns, leafSizes);
      const [dScale, variance] = [leaves.dScales, leaves.variances].map((all) => all.subarray(3 * columns));
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

const OTHER_TRIALS: Trial[] = [
  {
    name: 'addBias',
    run(engine) {
      const y = values(engine, 10, 5 * 11);
      engine.kernels.addBias(y, values(engine, 11, 11), 5, 11);
      return y;
    },
  },
  {
    name: 'addInto',
    run(engine) {
      const target = values(engine, 12, 63, true);
      engine.kernels.addInto(target, values(engine, 13, 63));
      return target;
    },
  },
  {
    name: 'sumOfSquares',
    run: (engine) => Float32Array.of(engine.kernels.sumOfSquares(values(engine, 15, 63))),
  },
  {
    name: 'scaleBytes',
    run(engine) {
      const bytes = engine.allocateBytes(255);
      bytes.forEach((_, i) => {
        bytes[i] = i + 1;
      });
      const result = engine.allocate(255);
      engine.kernels.scaleBytes(bytes, result, 255);
      return result;
    },
  },
  {
    name: 'isAllFinite',
    run(engine) {
      const finite = values(engine, 14, 62);
      const checks = [NaN, -Infinity, 3e38].map((value, i) => {
        finite[61 - 20 * i] = value;
        const isAllFinite = engine.kernels.isAllFinite(finite);
        finite[61 - 20 * i] = 0;
        return Number(isAllFinite);
      });
      return Float32Array.from(checks);
    },
  },
];

const TRIALS: readonly Trial[] = [
  ...SHAPES.flatMap((shape) => [...matrixTrials(shape, false), ...matrixTrials(shape, true)]),
  ...LEAF_SIZES.flatMap((sizes) => treeTrials(Uint32Array.from(sizes))),
  ...COUNTS.flatMap(elementTrials),
  ...CONVOLUTIONS.flatMap(convolutionTrials),
  ...[1, 4, 7].flatMap(poolingTrials),
  ...[7, 18].map(normalizationTrial),
  ...[1, 6, 8, 11].map(dropoutTrial),
  ...UPDATE_TRIALS,
  ...OTHER_TRIALS,
];
