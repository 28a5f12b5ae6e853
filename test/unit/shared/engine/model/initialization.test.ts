import { describe, expect, test } from 'vitest';
import { viewOf } from '../../../../../shared/engine/layers/layer.ts';
import {
  adoptedParameters,
  initialParameters,
} from '../../../../../shared/engine/model/initialization.ts';
import { planModel } from '../../../../../shared/engine/model/model-plan.ts';
import { multilayerPerceptron } from '../../../../../shared/engine/model/presets.ts';

const plan = planModel({
  input: { height: 10, width: 20, channels: 1 },
  layers: multilayerPerceptron([100], 'relu', 10),
});

describe('initial parameters', () => {
  test.for([
    { initialization: 'he', limits: [Math.sqrt(6 / 200), Math.sqrt(6 / 100)] },
    { initialization: 'glorot', limits: [Math.sqrt(6 / 300), Math.sqrt(6 / 110)] },
  ] as const)(
    'of $initialization fill the range of the weights and have zero biases',
    ({ initialization, limits }) => {
      const parameters = initialParameters(plan, initialization, 1);
      const [weight1, bias1, weight2, bias2] = plan.tensors.map((tensor) =>
        viewOf(parameters, tensor),
      );
      expect([...bias1, ...bias2].every((value) => value === 0)).toBe(true);
      for (const [index, weights] of [weight1, weight2].entries()) {
        const limit = limits[index];
        expect(Math.max(...weights.map(Math.abs))).toBeLessThanOrEqual(Math.fround(limit));
        expect(Math.max(...weights)).toBeGreaterThan(0.95 * limit);
        // A uniform distribution in ±limit has variance limit² / 3.
        const variance = weights.reduce((sum, value) => sum + value * value, 0) / weights.length;
        expect(variance / (limit ** 2 / 3)).toBeCloseTo(1, 0.5);
      }
    },
  );

  test('depend only on the seed', () => {
    expect(initialParameters(plan, 'he', 5)).toEqual(initialParameters(plan, 'he', 5));
    expect(initialParameters(plan, 'he', 5)).not.toEqual(initialParameters(plan, 'he', 6));
  });
});

describe('parameters of another model', () => {
  const other = planModel({ ...plan.spec, layers: multilayerPerceptron([100], 'relu', 7) });
  const parameters = initialParameters(other, 'he', 9);

  test('are taken where the tensors are the same, and the rest is drawn', () => {
    const adopted = adoptedParameters(plan, { model: other, parameters }, 'glorot', 1);
    const drawn = initialParameters(plan, 'glorot', 1);
    for (const [i, tensor] of plan.tensors.entries()) {
      const source = i < 2 ? parameters : drawn;
      expect(viewOf(adopted, tensor)).toEqual(viewOf(source, tensor));
    }
  });

  test('are all taken by the same model', () => {
    expect(adoptedParameters(other, { model: other, parameters }, 'he', 1)).toEqual(parameters);
  });
});
