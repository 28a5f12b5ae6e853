import { describe, expect, test } from 'vitest';
import { createActivation } from '../../shared/engine/activation.ts';
import { createDense } from '../../shared/engine/dense.ts';
import { ACTIVATIONS } from '../../shared/engine/kernels.ts';
import type { Layer } from '../../shared/engine/layer.ts';
import { createModel, LOSSES, parameterCount, STATISTIC_COUNT } from '../../shared/engine/model.ts';
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
    expect(Math.abs(value - expected[i]), `${value} for ${expected[i]}`).toBeLessThan(3e-3 * scale + 1e-4);
  }
}

const sumOfLosses = (statistics: Float32Array, rows: number): number =>
  Array.from({ length: rows }, (_, row) => statistics[row * STATISTIC_COUNT]).reduce(
    (sum, loss) => sum + loss,
  );

const dot = (a: Float32Array, b: Float32Array, length: number): number => {
  let sum = 0;
  for (let i = 0; i < length; i++) sum += a[i] * b[i];
  return sum;
};

/** Checks dx and the parameters' gradient of a layer against differences of dy · forward(x). */
function checkLayer(
  layer: Layer,
  parameters: Float32Array,
  rows: number,
  inputs: number,
  outputs: number,
): void {
  const draws = createDraws(5);
  const x = draws.floats(rows * inputs, 2);
  // Away from 0, where ReLU has a corner.
  for (let i = 0; i < x.length; i++) if (Math.abs(x[i]) < 0.05) x[i] = 0.5;
  const dy = draws.floats(rows * outputs);
  const gradient = new Float32Array(parameters.length);
  layer.forward(parameters, x, rows);
  const dx = layer.backward(parameters, dy, gradient, Uint32Array.of(rows - 1, 1), true).slice(0, x.length);
  const weighted = () => dot(layer.forward(parameters, x, rows), dy, dy.length);
  expectGradient(dx, numericGradient(x, weighted));
  expectGradient(gradient, numericGradient(parameters, weighted));
}

describe('the gradient of each layer is its slope', () => {
  test('dense', () => {
    const [inputs, outputs, rows] = [5, 4, 3];
    const weight = { name: 'weight', shape: [inputs, outputs], offset: 0 };
    const bias = { name: 'bias', shape: [outputs], offset: inputs * outputs };
    const parameters = createDraws(6).floats(inputs * outputs + outputs);
    checkLayer(createDense(naiveEngine, { weight, bias }, rows), parameters, rows, inputs, outputs);
  });

  test.for(ACTIVATIONS)('%s', (activation) => {
    checkLayer(createActivation(naiveEngine, activation, 6, 3), new Float32Array(0), 3, 6, 6);
  });
});

describe('the gradient of a whole model is the slope of its loss', () => {
  for (const loss of LOSSES) {
    for (const activation of ['sigmoid', 'tanh'] as const) {
      test(`${activation}, ${loss}`, () => {
        const spec = { inputs: 4, hidden: [5, 3], outputs: 3, activation };
        const rows = 6;
        const draws = createDraws(8);
        const model = createModel(naiveEngine, spec, loss, rows);
        const parameters = draws.floats(parameterCount(spec));
        const x = draws.floats(rows * spec.inputs);
        const labels = Uint8Array.from({ length: rows }, () => draws.integer(0, 2));
        const gradient = new Float32Array(parameters.length);
        model.differentiate(parameters, x, labels, Uint32Array.of(2, rows - 2), gradient);
        const lossSum = () => sumOfLosses(model.evaluate(parameters, x, labels, rows), rows);
        expectGradient(gradient, numericGradient(parameters, lossSum));
      });
    }
  }
});
