import { expect, test } from 'vitest';
import { viewOf } from '../../../../shared/engine/layers/layer.ts';
import { LayerSpec } from '../../../../shared/engine/layers/layer-spec.ts';
import { planModel } from '../../../../shared/engine/model/model-plan.ts';
import {
  changedParameters,
  layersWithUnits,
  type NetChange,
} from '../../../../shared/study/changed-net.ts';

const layers = [
  { type: 'conv2d', filters: 3, kernel: 3 },
  { type: 'batch-norm' },
  { type: 'activation', function: 'relu' },
  { type: 'dense', outputs: 40 },
  { type: 'dense', outputs: 2 },
].map((layer) => LayerSpec.parse(layer));
const plan = planModel({ input: { height: 4, width: 5, channels: 1 }, layers });
const parameters = new Float32Array(plan.parameterCount).map((_, i) => 1 + (i % 7));

/** How many values of each tensor differ, without tensors that stay. */
function differences(change: NetChange): Record<string, number> {
  const changed = changedParameters(plan, parameters, change);
  const counts = plan.tensors.map((tensor) => {
    const [before, after] = [viewOf(parameters, tensor), viewOf(changed, tensor)];
    return [tensor.name, after.filter((value, i) => value !== before[i]).length] as const;
  });
  return Object.fromEntries(counts.filter(([, count]) => count > 0));
}

test('a layer without its parameters gives zeros', () => {
  expect(differences({ kind: 'no-layer', layer: 'dense1' })).toEqual({
    'dense1.weight': 60 * 40,
    'dense1.bias': 40,
  });
  // Its running averages stay.
  expect(differences({ kind: 'no-layer', layer: 'norm1' })).toEqual({
    'norm1.scale': 3,
    'norm1.shift': 3,
  });
});

test('a unit or a filter loses its own weights and its bias', () => {
  expect(differences({ kind: 'no-unit', layer: 'dense1', unit: 39 })).toEqual({
    'dense1.weight': 60,
    'dense1.bias': 1,
  });
  expect(differences({ kind: 'no-unit', layer: 'conv1', unit: 1 })).toEqual({
    'conv1.weight': 9,
    'conv1.bias': 1,
  });
  const changed = changedParameters(plan, parameters, { kind: 'no-unit', layer: 'conv1', unit: 1 });
  const [weight, bias] = plan.tensors.filter(({ name }) => name.startsWith('conv1.'));
  expect([...viewOf(changed, weight)].map((value, i) => value === 0 && i % 3)).toEqual(
    Array.from({ length: 27 }, (_, i) => (i % 3 === 1 ? 1 : false)),
  );
  expect(viewOf(changed, bias)[1]).toBe(0);
});

test('biases and shifts can all be taken away', () => {
  expect(Object.keys(differences({ kind: 'no-biases' })).sort()).toEqual([
    'conv1.bias',
    'dense1.bias',
    'dense2.bias',
    'norm1.shift',
  ]);
});

test('noise has the spread that was asked for, on weights alone, the same for each seed', () => {
  const noise: NetChange = { kind: 'noise', part: 0.5, seed: 3 };
  expect(Object.keys(differences(noise))).toEqual([
    'conv1.weight',
    'dense1.weight',
    'dense2.weight',
  ]);
  const changed = changedParameters(plan, parameters, noise);
  expect(changedParameters(plan, parameters, noise)).toEqual(changed);
  expect(changedParameters(plan, parameters, { ...noise, seed: 4 })).not.toEqual(changed);
  const tensor = plan.tensors.find(({ name }) => name === 'dense1.weight');
  if (!tensor) throw new Error('dense1.weight');
  const added = viewOf(changed, tensor).map((value, i) => value - viewOf(parameters, tensor)[i]);
  // The values 1 … 7 have the variance 4.
  const square = added.reduce((sum, value) => sum + value * value, 0) / added.length;
  expect(Math.sqrt(square)).toBeGreaterThan(0.95);
  expect(Math.sqrt(square)).toBeLessThan(1.05);
  expect(Math.abs(added.reduce((sum, value) => sum + value, 0) / added.length)).toBeLessThan(0.06);
});

test('the layers that can be changed have parameters', () => {
  expect(layersWithUnits(plan)).toEqual([
    { name: 'conv1', units: 3 },
    { name: 'norm1', units: 3 },
    { name: 'dense1', units: 40 },
    { name: 'dense2', units: 2 },
  ]);
});
