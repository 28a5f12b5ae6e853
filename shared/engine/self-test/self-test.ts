import type { Engine } from '../engine.ts';
import { ACTIVATIONS, type Kernels } from '../kernels.ts';
import { IMAGE_TRIALS } from './self-test-images.ts';
import { type Trial, values } from './self-test-values.ts';

/**
 * Shapes [m, n, k] with full tiles, incomplete tiles of each kind, one row, one column, and nothing
 * to add up.
 */
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

/**
 * Creates a function that compares an engine with the reference. The function returns the name of
 * the first trial whose result differs in any bit, or undefined if there is none. Any two NaNs
 * count as equal, because the bits of NaN are not defined and a run that has one ends.
 */
export function createSelfTest(reference: Engine): (engine: Engine) => string | undefined {
  const expected: Float32Array[] = [];
  const expect = (trial: Trial, index: number) => {
    expected[index] ??= trial.run(reference);
    return expected[index];
  };
  return (engine) =>
    TRIALS.find((trial, index) => !isSame(trial.run(engine), expect(trial, index)))?.name;
}

function isSame(a: Float32Array, b: Float32Array): boolean {
  return a.length === b.length && a.every((value, i) => Object.is(value, b[i]));
}

function matrixTrials([m, n, k]: readonly [number, number, number], isAwkward: boolean): Trial[] {
  const shape = `${m} × ${n} × ${k}${isAwkward ? ', awkward values' : ''}`;
  const product = (name: 'matmul' | 'matmulTransposedB'): Trial => ({
    name: `${name}, ${shape}`,
    run(engine) {
      const c = engine.allocate(m * n);
      engine.kernels[name](
        values(engine, 1, m * k, isAwkward),
        values(engine, 2, k * n),
        c,
        m,
        n,
        k,
      );
      return c;
    },
  });
  return [product('matmul'), product('matmulTransposedB')];
}

function treeTrials(leafSizes: Uint32Array, bfloat16LeavesMin?: number): Trial[] {
  const rows = leafSizes.reduce((sum, size) => sum + size, 0);
  const [m, n] = [9, 19];
  const name =
    `leaves of ${leafSizes.join()} rows` +
    (bfloat16LeavesMin ? `, rounded from ${bfloat16LeavesMin} on` : '');
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
          bfloat16LeavesMin,
        );
        return c;
      },
    },
    {
      name: `sumRows, ${name}`,
      run(engine) {
        const sums = engine.allocate(n);
        engine.kernels.sumRows(values(engine, 3, rows * n), sums, n, leafSizes, bfloat16LeavesMin);
        return sums;
      },
    },
  ];
}

/** Counts that leave one, two and three values after the last full vector. */
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
      const labels = engine.allocate(rows);
      labels.forEach((_, row) => {
        labels[row] = row % classes;
      });
      const dLogits = result.subarray(0, rows * classes);
      const lossAndCorrect = result.subarray(rows * classes);
      const logits = values(engine, 6, rows * classes);
      logits.set([88, -100, 0, 0], classes);
      engine.kernels[loss](logits, labels, dLogits, lossAndCorrect, rows, classes, 0.1);
      return result;
    },
  }));
  const huberTrials = [1, Number.POSITIVE_INFINITY].map((delta) => ({
    name: `huber, delta ${delta}`,
    run(engine: Engine) {
      const result = engine.allocate(4 * count);
      const [outputs, targets] = [values(engine, 10, count), values(engine, 11, count)];
      outputs.set([targets[0], targets[1] + 1, targets[2] - 7].slice(0, count));
      const dOutputs = result.subarray(0, count);
      engine.kernels.huber(outputs, targets, dOutputs, result.subarray(count), count, delta);
      return result;
    },
  }));
  return [...activationTrials, ...lossTrials, ...huberTrials];
}

/**
 * A trial of two updates in a row, so that the state matters. Its result is the parameters followed
 * by the state.
 */
function updateTrial(
  name: string,
  update: (
    kernels: Kernels,
    parameters: Float32Array,
    sum: Float32Array,
    state: Float32Array[],
  ) => void,
): Trial {
  const count = 63;
  return {
    name,
    run(engine) {
      const all = values(engine, 7, 3 * count).map((value, i) => (i < count ? value : 0));
      const buffer = engine.allocate(3 * count);
      buffer.set(all);
      const [parameters, first, second] = [0, 1, 2].map((i) =>
        buffer.subarray(i * count, (i + 1) * count),
      );
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
    name: 'roundToBfloat16',
    run(engine) {
      const rounded = values(engine, 17, 63, true);
      // Two ties, and one number just above a tie.
      rounded.set([1 + 2 ** -8, 1 + 3 * 2 ** -8, 1 + 2 ** -8 + 2 ** -23], 1);
      engine.kernels.roundToBfloat16(rounded);
      return rounded;
    },
  },
  {
    name: 'packBfloat16',
    run(engine) {
      const packed = values(engine, 18, 61);
      engine.kernels.packBfloat16(packed);
      return Float32Array.from(new Uint16Array(packed.buffer, packed.byteOffset + 2 * 61, 61));
    },
  },
  {
    name: 'unpackBfloat16',
    run(engine) {
      const unpacked = values(engine, 19, 61);
      engine.kernels.unpackBfloat16(unpacked);
      return unpacked;
    },
  },
  {
    name: 'sumOfSquares',
    run: (engine) => Float32Array.from(engine.kernels.sumOfSquares(values(engine, 15, 63), 25)),
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
    name: 'fingerprint',
    run(engine) {
      const lanes = engine.kernels.fingerprint(values(engine, 16, 16 * 5 + 7), 39);
      return Float32Array.from(new Uint16Array(lanes.buffer));
    },
  },
  {
    name: 'isAllBounded',
    run(engine) {
      const bounded = values(engine, 14, 62);
      const checks = [NaN, -Infinity, 2 ** 62, 4.6e18].map((value, i) => {
        bounded[61 - 20 * i] = value;
        const isAllBounded = engine.kernels.isAllBounded(bounded);
        bounded[61 - 20 * i] = 0;
        return Number(isAllBounded);
      });
      return Float32Array.from(checks);
    },
  },
];

const TRIALS: readonly Trial[] = [
  ...SHAPES.flatMap((shape) => [...matrixTrials(shape, false), ...matrixTrials(shape, true)]),
  ...LEAF_SIZES.flatMap((sizes) =>
    [undefined, 1, 2, 4].flatMap((bfloat16LeavesMin) =>
      treeTrials(Uint32Array.from(sizes), bfloat16LeavesMin),
    ),
  ),
  ...COUNTS.flatMap(elementTrials),
  ...IMAGE_TRIALS,
  ...UPDATE_TRIALS,
  ...OTHER_TRIALS,
];
