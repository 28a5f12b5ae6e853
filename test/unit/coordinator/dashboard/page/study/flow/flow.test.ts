import { expect, test } from 'vitest';
import {
  flowOfCheckpoints,
  flowOfSamples,
} from '../../../../../../../coordinator/dashboard/page/study/flow/flow.ts';
import { LayerSpec } from '../../../../../../../shared/engine/layers/layer-spec.ts';
import { planModel } from '../../../../../../../shared/engine/model/model-plan.ts';

const layers = [
  { type: 'conv2d', filters: 1, kernel: 1 },
  { type: 'batch-norm' },
  { type: 'activation', function: 'relu' },
  { type: 'dense', outputs: 2 },
].map((layer) => LayerSpec.parse(layer));
const plan = planModel({ input: { height: 1, width: 1, channels: 1 }, layers });

test('measured rows go from the last layer to the first, with weights and biases together', () => {
  // The tensors: conv1 weight, bias; norm1 scale, shift; dense1 weight, bias.
  const sample = (step: number, factor: number) => ({
    step,
    gradientNorms: [3, 4, 0, 2, 5, 12].map((norm) => norm * factor),
    updateNorms: [0.3, 0.4, 0, 0, 0.6, 0.8],
    parameterNorms: [1, 0, 2, 0, 10, 0],
  });
  expect(flowOfSamples(plan, [sample(1, 1), sample(9, 10)])).toEqual([
    { name: 'dense1', hasWeights: true, gradients: [13, 130], updates: [0.1, 0.1] },
    { name: 'norm1', hasWeights: false, gradients: [2, 20], updates: [0, 0] },
    { name: 'conv1', hasWeights: true, gradients: [5, 50], updates: [0.5, 0.5] },
  ]);
});

test('between checkpoints, the update is the change of all of a layer', () => {
  const before = Float32Array.of(0, 1, 1, 0, 3, 4, 0, 0, 9, 9);
  const after = Float32Array.of(0, 2, 1, 0, 0, 0, 0, 0, 1, 1);
  const rows = flowOfCheckpoints(plan, [7, 8, 9], after, before);
  expect(rows.map(({ name, gradients, updates }) => [name, gradients, updates])).toEqual([
    ['dense1', [9], [1]],
    ['norm1', [8], [0]],
    ['conv1', [7], [1]],
  ]);
});

test('without an earlier checkpoint, no update is known', () => {
  const [{ updates }] = flowOfCheckpoints(plan, [7, 8, 9], new Float32Array(10), undefined);
  expect(updates).toEqual([]);
});
