import { expect, test } from 'vitest';
import { LayerSpec } from '../../../../shared/engine/layers/layer-spec.ts';
import { planModel } from '../../../../shared/engine/model/model-plan.ts';
import {
  differenceNorms,
  layerNorms,
  tensorNorms,
  trainedLayers,
  trainedTensors,
} from '../../../../shared/study/tensor-norms.ts';

const tensor = (name: string, offset: number, isAverage = false) => ({
  ...{ name, offset, isAverage },
  shape: [2],
  initial: 0,
});
const plan = { tensors: [tensor('a', 0), tensor('b', 2), tensor('mean', 4, true)] };

test('each trained tensor has its own norm, and running averages have none', () => {
  expect(trainedTensors(plan).map(({ name }) => name)).toEqual(['a', 'b']);
  expect(tensorNorms(plan, Float32Array.of(3, 4, 0, -2, 9, 9))).toEqual([5, 2]);
});

test('so has the difference of two buffers', () => {
  const [after, before] = [Float32Array.of(4, 6, 1, 1, 9, 9), Float32Array.of(1, 2, 1, 1, 0, 0)];
  expect(differenceNorms(plan, after, before)).toEqual([5, 0]);
});

test('huge values have a norm', () => {
  const [norm] = tensorNorms(plan, Float32Array.of(1.5e38, 2e38, 0, 0));
  expect(norm / 2.5e38).toBeCloseTo(1, 6);
});

test('a layer is as long as all of its tensors together, without running averages', () => {
  const layers = [
    { type: 'conv2d', filters: 2, kernel: 3 },
    { type: 'batch-norm' },
    { type: 'activation', function: 'relu' },
    { type: 'dense', outputs: 3 },
  ].map((layer) => LayerSpec.parse(layer));
  const model = planModel({ input: { height: 3, width: 3, channels: 1 }, layers });
  expect(trainedLayers(model).map(({ name }) => name)).toEqual(['conv1', 'norm1', 'dense1']);
  const values = new Float32Array(model.parameterCount).fill(1);
  const counts = [2 * 9 + 2, 2 + 2, 18 * 3 + 3];
  const norms = layerNorms(model, tensorNorms(model, values));
  for (const [i, count] of counts.entries()) expect(norms[i]).toBeCloseTo(Math.sqrt(count), 12);
});
