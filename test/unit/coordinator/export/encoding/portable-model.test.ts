import { describe, expect, test } from 'vitest';
import {
  paddingOf,
  portableModel,
} from '../../../../../coordinator/export/encoding/portable-model.ts';
import { LayerSpec } from '../../../../../shared/engine/layers/layer-spec.ts';
import { planModel } from '../../../../../shared/engine/model/model-plan.ts';
import { PORTABLE_MODELS } from '../../../../support/portable-models.ts';

const conv: LayerSpec = { type: 'conv2d', filters: 2, kernel: 1, stride: 1, padding: 'valid' };
const dense: LayerSpec = { type: 'dense', outputs: 2 };

/** Converts a model whose parameters are 0, 1, 2, … */
function convert(height: number, width: number, channels: number, ...layers: LayerSpec[]) {
  const plan = planModel({ input: { height, width, channels }, layers });
  return portableModel(
    plan,
    Float32Array.from({ length: plan.parameterCount }, (_, i) => i),
  );
}

const tensorsOf = (layers: ReturnType<typeof convert>) =>
  layers
    .flatMap((layer) => layer.tensors)
    .map(({ name, shape, values }) => [name, shape.join(' × '), [...values]]);

describe('a portable model', () => {
  test('has dense weights [out, in], and reads an image channel by channel', () => {
    const layers = convert(1, 2, 2, dense);
    // Here, [pixel, channel] × [output]: pixel 0 has the weights 0 to 3, pixel 1 those from 4 to 7.
    expect(tensorsOf(layers)).toEqual([
      ['dense1.weight', '2 × 4', [0, 4, 2, 6, 1, 5, 3, 7]],
      ['dense1.bias', '2', [8, 9]],
    ]);
    expect(layers.map(({ name, isImage }) => [name, isImage])).toEqual([
      ['flatten_dense1', false],
      ['dense1', false],
    ]);
  });

  test('has filters [out, in, kernel, kernel]', () => {
    const wide: LayerSpec = { ...conv, kernel: 2 };
    const [[name, shape, values]] = tensorsOf(convert(2, 2, 2, wide, dense));
    expect([name, shape]).toEqual(['conv1.weight', '2 × 2 × 2 × 2']);
    // Here, [y, x, channel, filter].
    expect(values).toEqual([0, 4, 8, 12, 2, 6, 10, 14, 1, 5, 9, 13, 3, 7, 11, 15]);
  });

  test('reorders what lies between flatten and the next dense layer, and nothing after it', () => {
    const layers = convert(
      1,
      2,
      2,
      { type: 'flatten' },
      { type: 'batch-norm' },
      dense,
      {
        type: 'batch-norm',
      },
      dense,
    );
    const tensors = Object.fromEntries(tensorsOf(layers).map(([name, , values]) => [name, values]));
    expect(tensors['norm1.weight']).toEqual([0, 2, 1, 3]);
    expect(tensors['norm1.running_mean']).toEqual([28, 30, 29, 31]);
    expect(tensors['norm1.running_var']).toEqual([32, 34, 33, 35]);
    expect(tensors['dense1.weight']).toEqual([8, 12, 10, 14, 9, 13, 11, 15]);
    expect(tensors['norm2.weight']).toEqual([18, 19]);
    expect(tensors['dense2.weight']).toEqual([22, 24, 23, 25]);
  });

  test('makes a vector an image of one pixel where a layer needs one', () => {
    const layers = convert(1, 2, 2, { type: 'flatten' }, conv, dense);
    expect(layers.map(({ name, isImage }) => [name, isImage])).toEqual([
      ['flatten1', false],
      ['unflatten_conv1', true],
      ['conv1', true],
      ['flatten_dense1', false],
      ['dense1', false],
    ]);
    expect(tensorsOf(layers)[0]).toEqual([
      'conv1.weight',
      '2 × 4 × 1 × 1',
      [0, 4, 2, 6, 1, 5, 3, 7],
    ]);
  });

  test('is tested elsewhere with every layer', () => {
    const specs = Object.values(PORTABLE_MODELS).flat();
    const tested = new Set(specs.map(({ type }) => type));
    expect([...tested].sort()).toEqual(
      LayerSpec.options.map(({ shape }) => shape.type.value).sort(),
    );
  });

  test('has the same padding on all sides', () => {
    expect(paddingOf({ ...conv, kernel: 5, padding: 'same' })).toBe(2);
    expect(paddingOf({ ...conv, kernel: 5, padding: 'valid' })).toBe(0);
  });
});
