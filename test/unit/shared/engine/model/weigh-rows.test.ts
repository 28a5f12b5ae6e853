import { describe, expect, test } from 'vitest';
import { createModel } from '../../../../../shared/engine/model/model.ts';
import { planModel } from '../../../../../shared/engine/model/model-plan.ts';
import { multilayerPerceptron } from '../../../../../shared/engine/model/presets.ts';
import { weighRows } from '../../../../../shared/engine/model/weigh-rows.ts';
import { openEngine } from '../../../../../shared/host/load-engine.ts';
import { BATCH, ROWS } from '../../../../support/numeric-gradient.ts';
import { createDraws } from '../../../../support/simulation/draws.ts';
import { naiveEngine } from '../../../../support/toy-run.ts';

test('the loss and the gradient of a row are multiplied by the weight of its class', () => {
  const dLogits = Float32Array.of(0.1, -0.3, 0.2, 0.7);
  const lossAndCorrect = Float32Array.of(0.9, 1, 0.4, 0);
  const weights = Float32Array.of(0.3, 2);
  weighRows(weights, Float32Array.of(1, 0), dLogits, lossAndCorrect, 2, 2);
  const f32 = Math.fround;
  const third = f32(0.3);
  expect([...lossAndCorrect]).toEqual([2 * f32(0.9), 1, f32(third * f32(0.4)), 0]);
  const expected = [2 * f32(0.1), 2 * f32(-0.3), f32(third * f32(0.2)), f32(third * f32(0.7))];
  expect([...dLogits]).toEqual(expected);
});

describe.for([
  ['plain', naiveEngine],
  ['fast', openEngine('strict')],
] as const)('a model with class weights, by %s kernels,', ([, engine]) => {
  const layers = multilayerPerceptron([5], 'tanh', 3);
  const plan = planModel({ input: { height: 1, width: 4, channels: 1 }, layers });
  const draws = createDraws(8);
  const place = (values: Float32Array) => {
    const own = engine.allocate(values.length);
    own.set(values);
    return own;
  };
  const parameters = place(draws.floats(plan.parameterCount));
  const x = place(draws.floats(ROWS * 4));
  const labels = place(Float32Array.from({ length: ROWS }, () => draws.integer(0, 2)));

  /** The gradient, and the loss of each row, in training or in evaluation. */
  function computeWith(classWeights: number[] | undefined, isTraining = true) {
    const options = { loss: 'cross-entropy', labelSmoothing: 0.1, seed: 1, classWeights } as const;
    const model = createModel(engine, plan, options, ROWS);
    const gradient = engine.allocate(plan.parameterCount);
    const batch = { ...BATCH, training: isTraining ? BATCH.training : undefined };
    const losses = model.differentiate(parameters, x, labels, batch, gradient);
    return {
      gradient: [...gradient],
      losses: Array.from({ length: ROWS }, (_, row) => losses[2 * row]),
    };
  }

  test('has a loss and a gradient of that many times the size', () => {
    const [plain, doubled] = [computeWith(undefined), computeWith([2, 2, 2])];
    expect(doubled.losses).toEqual(plain.losses.map((loss) => 2 * loss));
    expect(doubled.gradient).toEqual(plain.gradient.map((value) => 2 * value));
    expect(computeWith([1, 1, 1])).toEqual(plain);
    const weights = [1, 4, 0.5];
    expect(computeWith(weights).losses).toEqual(
      plain.losses.map((loss, row) => loss * weights[labels[row]]),
    );
  });

  test('is evaluated with the plain loss', () => {
    const evaluated = computeWith(undefined, false);
    expect(computeWith([1, 4, 0.5], false)).toEqual(evaluated);
    expect(evaluated.losses).not.toEqual(computeWith(undefined).losses);
  });
});
