import { describe, expect, test } from 'vitest';
import { viewOf } from '../../../../../shared/engine/layers/layer.ts';
import { createModel, LOSSES } from '../../../../../shared/engine/model/model.ts';
import { measureLength, planModel } from '../../../../../shared/engine/model/model-plan.ts';
import { multilayerPerceptron } from '../../../../../shared/engine/model/presets.ts';
import {
  BATCH,
  expectGradient,
  numericGradient,
  ROWS,
} from '../../../../support/numeric-gradient.ts';
import { createDraws } from '../../../../support/simulation/draws.ts';
import { naiveEngine } from '../../../../support/toy-run.ts';

const sumOfLosses = (measures: Float32Array, rows: number): number =>
  Array.from({ length: rows }, (_, row) => measures[(row * measures.length) / rows]).reduce(
    (sum, loss) => sum + loss,
  );

describe('the gradient of a whole model equals central differences', () => {
  for (const loss of LOSSES.filter((name) => name !== 'huber')) {
    for (const activation of ['sigmoid', 'tanh'] as const) {
      test.for([0, 0.2])(`with ${activation}, ${loss} and label smoothing %d`, (labelSmoothing) => {
        const spec = {
          input: { height: 1, width: 4, channels: 1 },
          layers: multilayerPerceptron([5, 3], activation, 3),
        };
        const draws = createDraws(8);
        const model = createModel(
          naiveEngine,
          planModel(spec),
          { loss, labelSmoothing, seed: 1 },
          ROWS,
        );
        const parameters = draws.floats(planModel(spec).parameterCount);
        const x = draws.floats(ROWS * 4);
        const labels = Float32Array.from({ length: ROWS }, () => draws.integer(0, 2));
        const gradient = new Float32Array(parameters.length);
        model.differentiate(parameters, x, labels, BATCH, gradient);
        const lossSum = () => sumOfLosses(model.evaluate(parameters, x, labels, BATCH), ROWS);
        expectGradient(gradient, numericGradient(parameters, lossSum));
      });
    }
  }
});

describe('the gradient of a model of a number equals central differences', () => {
  test.for(['squared-error', 'huber'] as const)('with %s', (loss) => {
    const spec = {
      input: { height: 1, width: 1, channels: 4 },
      layers: multilayerPerceptron([5, 3], 'tanh', 1),
    };
    const draws = createDraws(8);
    const plan = planModel(spec);
    const model = createModel(naiveEngine, plan, { loss, labelSmoothing: 0, seed: 1 }, ROWS);
    const parameters = draws.floats(plan.parameterCount);
    const x = draws.floats(ROWS * 4);
    // Some errors are far above 1, where the Huber loss is linear.
    const targets = draws.floats(ROWS).map((value, row) => (row % 2 === 0 ? value : 9 * value));
    const gradient = new Float32Array(parameters.length);
    const measures = model.differentiate(parameters, x, targets, BATCH, gradient).slice();
    expect(measures).toHaveLength(ROWS * measureLength(plan));
    for (let row = 0; row < ROWS; row++) {
      const error = model.logits[row] - targets[row];
      expect(measures[3 * row + 1]).toBeCloseTo(error * error, 4);
      expect(measures[3 * row + 2]).toBeCloseTo(Math.abs(error), 5);
    }
    const lossSum = () => sumOfLosses(model.evaluate(parameters, x, targets, BATCH), ROWS);
    expectGradient(gradient, numericGradient(parameters, lossSum));
  });
});

test('the deltas of a dense layer, summed over the rows, are the gradient of its bias', () => {
  const spec = {
    input: { height: 1, width: 4, channels: 1 },
    layers: multilayerPerceptron([5], 'tanh', 3),
  };
  const plan = planModel(spec);
  const options = { loss: 'cross-entropy', labelSmoothing: 0, seed: 1 } as const;
  const model = createModel(naiveEngine, plan, options, ROWS);
  const draws = createDraws(8);
  const gradient = new Float32Array(plan.parameterCount);
  const labels = Float32Array.from({ length: ROWS }, () => draws.integer(0, 2));
  const [parameters, x] = [draws.floats(plan.parameterCount), draws.floats(ROWS * 4)];
  model.differentiate(parameters, x, labels, BATCH, gradient);
  const dense = model.deltas.filter(({ planned }) => planned.spec.type === 'dense');
  expect(dense).toHaveLength(2);
  for (const { planned, values } of dense) {
    const bias = viewOf(gradient, planned.tensors[1]);
    for (let unit = 0; unit < bias.length; unit++) {
      let sum = 0;
      for (let row = 0; row < ROWS; row++) sum += values[row * bias.length + unit];
      expect(sum).toBeCloseTo(bias[unit], 5);
    }
  }
  expect(dense[1].values).toBe(model.logitDeltas);
});
