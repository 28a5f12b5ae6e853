import { expect, test } from 'vitest';
import {
  unitNorms,
  unitPicture,
  weightScale,
  weightShape,
} from '../../../../../../../coordinator/dashboard/page/study/features/unit-weights.ts';
import { LayerSpec } from '../../../../../../../shared/engine/layers/layer-spec.ts';
import { planModel } from '../../../../../../../shared/engine/model/model-plan.ts';

const layers = [
  { type: 'conv2d', filters: 2, kernel: 3 },
  { type: 'activation', function: 'relu' },
  { type: 'conv2d', filters: 3, kernel: 1 },
  { type: 'flatten' },
  { type: 'dropout', rate: 0.5 },
  { type: 'dense', outputs: 4 },
  { type: 'activation', function: 'relu' },
  { type: 'dense', outputs: 2 },
].map((layer) => LayerSpec.parse(layer));
const plan = planModel({ input: { height: 3, width: 4, channels: 1 }, layers });
const parameters = Float32Array.from({ length: plan.parameterCount }, (_, i) => Math.sin(3 * i));
const named = (name: string) => {
  const layer = plan.layers.find((each) => each.name === name);
  if (!layer) throw new Error(name);
  return layer;
};

test('weights have the shape of the kernel, or of the image that a dense layer gets', () => {
  expect(weightShape(plan, 'conv1')).toEqual({ height: 3, width: 3, channels: 1 });
  expect(weightShape(plan, 'conv2')).toEqual({ height: 1, width: 1, channels: 2 });
  expect(weightShape(plan, 'dense1')).toEqual({ height: 3, width: 4, channels: 3 });
  expect(weightShape(plan, 'dense2')).toBeUndefined();
});

test('the norm of a unit is that of its own weights', () => {
  const layer = named('dense1');
  const [{ offset, shape }] = layer.tensors;
  const norms = unitNorms(layer, parameters);
  for (let unit = 0; unit < 4; unit++) {
    const own = Array.from({ length: shape[0] }, (_, i) => parameters[offset + 4 * i + unit]);
    expect(norms[unit]).toBeCloseTo(Math.hypot(...own), 10);
  }
  const all = Array.from({ length: shape[0] * 4 }, (_, i) => parameters[offset + i]);
  expect(weightScale(layer, parameters)).toBeCloseTo(Math.hypot(...all) / Math.sqrt(all.length), 6);
});

test('a picture has at each place the mean of all channels, or the strongest', () => {
  const layer = named('dense1');
  const shape = { height: 3, width: 4, channels: 3 };
  const [{ offset }] = layer.tensors;
  const [mean, strongest] = (['mean', 'strongest'] as const).map((view) =>
    unitPicture(layer, parameters, 2, shape, view),
  );
  for (let place = 0; place < 12; place++) {
    const values = [0, 1, 2].map((channel) => parameters[offset + (3 * place + channel) * 4 + 2]);
    expect(mean[place]).toBeCloseTo((values[0] + values[1] + values[2]) / 3, 6);
    const size = Math.max(...values.map(Math.abs));
    expect(values).toContain(strongest[place]);
    expect(Math.abs(strongest[place])).toBe(size);
  }
});
