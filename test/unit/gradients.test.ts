import { describe, expect, test } from 'vitest';
import { createActivation } from '../../shared/engine/activation.ts';
import { createBatchNorm } from '../../shared/engine/batch-norm.ts';
import { createConv2d } from '../../shared/engine/conv2d.ts';
import { createDense } from '../../shared/engine/dense.ts';
import { createDropout } from '../../shared/engine/dropout.ts';
import type { Engine } from '../../shared/engine/engine.ts';
import { ACTIVATIONS } from '../../shared/engine/kernels.ts';
import type { Batch, Layer } from '../../shared/engine/layer.ts';
import { createModel, LOSSES, STATISTIC_COUNT } from '../../shared/engine/model.ts';
import {
  LayerSpec,
  type PlannedLayer,
  parameterCount,
  planModel,
  sizeOfShape,
  trainedCount,
} from '../../shared/engine/model-spec.ts';
import { createPooling } from '../../shared/engine/pooling.ts';
import { multilayerPerceptron } from '../../shared/engine/presets.ts';
import { permutation } from '../../shared/random.ts';
import { createDraws } from '../support/draws.ts';
import { naiveEngine } from '../support/toy-run.ts';

const STEP = 2 ** -7;

/** The slope of `f` in each direction of `at`, by central differences. */
function numericGradient(at: Float32Array, f: () => number): number[] {
  return Array.from(at, (value, i) => {
    at[i] = value + STEP;
    const above = f();
    at[i] = value - STEP;
    const below = f();
    at[i] = value;
    return (above - below) / (2 * STEP);
  });
}

/** Central differences of f32 sums are good to about three digits. */
function expectGradient(actual: Iterable<number>, expected: readonly number[]): void {
  const scale = Math.max(...expected.map(Math.abs));
  for (const [i, value] of Array.from(actual).entries()) {
    expect(Math.abs(value - expected[i]), `${value} for ${expected[i]}`).toBeLessThan(5e-3 * scale + 1e-4);
  }
}

const sumOfLosses = (statistics: Float32Array, rows: number): number =>
  Array.from({ length: rows }, (_, row) => statistics[row * STATISTIC_COUNT]).reduce(
    (sum, loss) => sum + loss,
  );

const dot = (a: Float32Array, b: Float32Array): number => {
  let sum = 0;
  for (let i = 0; i < b.length; i++) sum += a[i] * b[i];
  return sum;
};

const ROWS = 5;
/** Two micro-batches of examples 0 to 4, in epoch 3. */
const BATCH: Batch = {
  leafSizes: Uint32Array.of(2, 3),
  rows: ROWS,
  training: { epoch: 3, examples: Uint32Array.from({ length: ROWS }, (_, i) => i) },
};

/** Checks dx and the parameters' gradient of a layer against differences of dy · forward(x). */
function checkLayer(
  spec: LayerSpec,
  create: (engine: Engine, planned: PlannedLayer, rowsMax: number) => Layer,
): void {
  const model = {
    input: { height: 5, width: 4, channels: 3 },
    layers: [spec, { type: 'dense', outputs: 2 } as const],
  };
  const [planned] = planModel(model);
  const layer = create(naiveEngine, planned, ROWS);
  const draws = createDraws(5);
  // In random order, away from 0, where ReLU has a corner, and from each other, where the largest of a window changes.
  const order = permutation([1, 2], ROWS * sizeOfShape(planned.input));
  const x = Float32Array.from(order, (rank) => (rank % 2 === 0 ? 1 : -1) * (0.05 + 0.02 * rank));
  const dy = draws.floats(ROWS * sizeOfShape(planned.output));
  // Dense tensors of the second layer come after those of the first; running averages last.
  const parameters = draws.floats(parameterCount(model));
  const gradient = new Float32Array(parameters.length);
  layer.forward(parameters, x, BATCH);
  const dx = layer.backward(parameters, dy, gradient, BATCH, true).slice(0, x.length);
  const weighted = () => dot(layer.forward(parameters, x, BATCH), dy);
  expectGradient(dx, numericGradient(x, weighted));
  const trained = parameters.subarray(0, trainedCount(model));
  expectGradient(gradient.subarray(0, trained.length), numericGradient(trained, weighted));
}

describe('the gradient of each layer is its slope', () => {
  const layer = (spec: unknown) => LayerSpec.parse(spec);

  test('dense', () => checkLayer(layer({ type: 'dense', outputs: 4 }), createDense));

  test.for([
    { kernel: 3 },
    { kernel: 3, padding: 'valid' },
    { kernel: 3, stride: 2 },
    { kernel: 2, stride: 3, padding: 'valid' },
    { kernel: 1 },
  ])('conv2d %j', (settings) => checkLayer(layer({ type: 'conv2d', filters: 2, ...settings }), createConv2d));

  test.for(['max-pool', 'average-pool'])('%s', (type) => checkLayer(layer({ type, size: 2 }), createPooling));

  test('dropout', () =>
    checkLayer(layer({ type: 'dropout', rate: 0.4 }), (engine, planned, rowsMax) =>
      createDropout(engine, planned, rowsMax, { seed: 1, index: 0 }),
    ));

  test('batch-norm', () => checkLayer(layer({ type: 'batch-norm' }), createBatchNorm));

  test.for(ACTIVATIONS)('%s', (activation) =>
    checkLayer(layer({ type: 'activation', function: activation }), createActivation),
  );
});

describe('the gradient of a whole model is the slope of its loss', () => {
  for (const loss of LOSSES) {
    for (const activation of ['sigmoid', 'tanh'] as const) {
      test.for([0, 0.2])(`${activation}, ${loss}, label smoothing %d`, (labelSmoothing) => {
        const spec = {
          input: { height: 1, width: 4, channels: 1 },
          layers: multilayerPerceptron([5, 3], activation, 3),
        };
        const draws = createDraws(8);
        const model = createModel(naiveEngine, spec, { loss, labelSmoothing, seed: 1 }, ROWS);
        const parameters = draws.floats(parameterCount(spec));
        const x = draws.floats(ROWS * 4);
        const labels = Uint8Array.from({ length: ROWS }, () => draws.integer(0, 2));
        const gradient = new Float32Array(parameters.length);
        model.differentiate(parameters, x, labels, BATCH, gradient);
        const lossSum = () => sumOfLosses(model.evaluate(parameters, x, labels, BATCH), ROWS);
        expectGradient(gradient, numericGradient(parameters, lossSum));
      });
    }
  }
});

describe('dropout', () => {
  const [planned] = planModel({
    input: { height: 1, width: 1000, channels: 1 },
    layers: [
      { type: 'dropout', rate: 0.3 },
      { type: 'dense', outputs: 2 },
    ],
  });
  const x = new Float32Array(2000).fill(1);
  const run = (epoch: number, examples: number[], seed = 1, index = 0) => {
    const dropout = createDropout(naiveEngine, planned, 2, { seed, index });
    const training = { epoch, examples: Uint32Array.from(examples) };
    return Array.from(dropout.forward(x, x, { leafSizes: Uint32Array.of(2), rows: 2, training }));
  };

  test('drops about its rate, and scales the others so that the mean stays', () => {
    const y = run(0, [5, 6]);
    const dropped = y.filter((value) => value === 0).length;
    expect(dropped / y.length).toBeCloseTo(0.3, 1);
    expect(new Set(y)).toEqual(new Set([0, Math.fround(1 / 0.7)]));
  });

  test('depends on seed, layer, epoch and example alone, not on the row', () => {
    const [first, second] = [run(0, [5, 6]).slice(0, 1000), run(0, [5, 6]).slice(1000)];
    expect(run(0, [6, 5])).toEqual([...second, ...first]);
    for (const other of [run(1, [5, 6]), run(0, [5, 6], 2), run(0, [5, 6], 1, 1)]) {
      expect(other.slice(0, 1000)).not.toEqual(first);
    }
  });

  test('does nothing when evaluating', () => {
    const dropout = createDropout(naiveEngine, planned, 2, { seed: 1, index: 0 });
    const batch = { leafSizes: Uint32Array.of(2), rows: 2, training: undefined };
    expect(dropout.forward(x, x, batch)).toBe(x);
  });
});

test('batch normalisation evaluates with the running averages', () => {
  const model = {
    input: { height: 1, width: 1, channels: 2 },
    layers: [{ type: 'batch-norm' } as const, { type: 'dense', outputs: 2 } as const],
  };
  const [planned] = planModel(model);
  const parameters = new Float32Array(parameterCount(model));
  // scale, shift, mean and variance of both channels
  parameters.set([2, 1, 10, 20], 0);
  parameters.set([5, 6, 4, 9], trainedCount(model));
  const layer = createBatchNorm(naiveEngine, planned, 1);
  const batch = { leafSizes: Uint32Array.of(1), rows: 1, training: undefined };
  const [first, second] = layer.forward(parameters, Float32Array.of(7, 0), batch);
  expect(first).toBeCloseTo(2 * ((7 - 5) / 2) + 10, 4);
  expect(second).toBeCloseTo((0 - 6) / 3 + 20, 4);
});
