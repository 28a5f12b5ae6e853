import { expect, test } from 'vitest';
import { createBatchNorm } from '../../../../../shared/engine/layers/batch-norm.ts';
import { planModel } from '../../../../../shared/engine/model/model-plan.ts';
import { naiveEngine } from '../../../../support/toy-run.ts';

test('batch normalization uses the running averages in an evaluation', () => {
  const model = {
    input: { height: 1, width: 1, channels: 2 },
    layers: [{ type: 'batch-norm' } as const, { type: 'dense', outputs: 2 } as const],
  };
  const [planned] = planModel(model).layers;
  const parameters = new Float32Array(planModel(model).parameterCount);
  // scale, shift, mean and variance of both channels
  parameters.set([2, 1, 10, 20], 0);
  parameters.set([5, 6, 4, 9], planModel(model).trainedCount);
  const layer = createBatchNorm(naiveEngine, planned, 1);
  const batch = { leafSizes: Uint32Array.of(1), rows: 1, training: undefined };
  const [first, second] = layer.forward(parameters, Float32Array.of(7, 0), batch);
  expect(first).toBeCloseTo(2 * ((7 - 5) / 2) + 10, 4);
  expect(second).toBeCloseTo((0 - 6) / 3 + 20, 4);
});
