import { describe, expect, test } from 'vitest';
import { initialParameters } from '../../shared/engine/initialisation.ts';
import { viewOf } from '../../shared/engine/layer.ts';
import { type ModelSpec, tensorLayouts } from '../../shared/engine/model-spec.ts';
import { multilayerPerceptron } from '../../shared/engine/presets.ts';

const spec: ModelSpec = {
  input: { height: 10, width: 20, channels: 1 },
  layers: multilayerPerceptron([100], 'relu', 10),
};

describe('initial parameters', () => {
  test.for([
    { initialisation: 'he', limits: [Math.sqrt(6 / 200), Math.sqrt(6 / 100)] },
    { initialisation: 'glorot', limits: [Math.sqrt(6 / 300), Math.sqrt(6 / 110)] },
  ] as const)('of $initialisation fill their range, with biases zero', ({ initialisation, limits }) => {
    const parameters = initialParameters(spec, initialisation, 1);
    const [weight1, bias1, weight2, bias2] = tensorLayouts(spec).map((tensor) => viewOf(parameters, tensor));
    expect([...bias1, ...bias2].every((value) => value === 0)).toBe(true);
    for (const [index, weights] of [weight1, weight2].entries()) {
      const limit = limits[index];
      expect(Math.max(...weights.map(Math.abs))).toBeLessThanOrEqual(Math.fround(limit));
      expect(Math.max(...weights)).toBeGreaterThan(0.95 * limit);
      // A uniform distribution in ±limit has variance limit² / 3.
      const variance = weights.reduce((sum, value) => sum + value * value, 0) / weights.length;
      expect(variance / (limit ** 2 / 3)).toBeCloseTo(1, 0.5);
    }
  });

  test('depend on the seed and on nothing else', () => {
    expect(initialParameters(spec, 'he', 5)).toEqual(initialParameters(spec, 'he', 5));
    expect(initialParameters(spec, 'he', 5)).not.toEqual(initialParameters(spec, 'he', 6));
  });
});
