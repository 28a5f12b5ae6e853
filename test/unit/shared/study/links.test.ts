import { describe, expect, test } from 'vitest';
import { sizeOfShape } from '../../../../shared/engine/layers/layer-plan.ts';
import { LayerSpec } from '../../../../shared/engine/layers/layer-spec.ts';
import { planModel } from '../../../../shared/engine/model/model-plan.ts';
import {
  biasOf,
  type LinkedLayer,
  linksInto,
  linksOf,
  linksOutOf,
  placeOf,
  windowOf,
} from '../../../../shared/study/links.ts';

/** The first layer of a net on images of 5 × 4 pixels with two channels. */
function layerOf(spec: object): LinkedLayer {
  const input = { height: 5, width: 4, channels: 2 };
  const layers = [spec, { type: 'dense', outputs: 2 }].map((layer) => LayerSpec.parse(layer));
  const plan = planModel({ input, layers });
  const parameters = Float32Array.from({ length: plan.parameterCount }, (_, i) => i + 1);
  const x = Float32Array.from({ length: 40 }, (_, i) => (i * 7) % 40);
  const [planned] = plan.layers;
  const y = new Float32Array(sizeOfShape(planned.output)).map((_, to) =>
    Math.max(...windowOf(planned, to).map((from) => x[from])),
  );
  return { planned, parameters, x, y };
}

describe.for([
  { type: 'dense', outputs: 3 },
  { type: 'conv2d', filters: 3, kernel: 3 },
  { type: 'conv2d', filters: 2, kernel: 2, stride: 2, padding: 'valid' },
  { type: 'conv2d', filters: 2, kernel: 3, stride: 3 },
  { type: 'max-pool', size: 2 },
  { type: 'average-pool', size: 3 },
])('the links of a layer %o', (spec) => {
  const layer = layerOf(spec);
  const outputs = Array.from({ length: sizeOfShape(layer.planned.output) }, (_, to) => to);
  const all = outputs.flatMap((to) => linksInto(layer, to));
  const keyOf = ({ from, to, weight, parameter }: (typeof all)[number]) =>
    [from, to, weight, parameter].join();

  test('are the same forward, backward, and by their weights', () => {
    const forward = all.map(keyOf).sort();
    expect(new Set(forward).size).toBe(forward.length);
    const inputs = Array.from({ length: 40 }, (_, from) => from);
    expect(inputs.flatMap((from) => linksOutOf(layer, from).map(keyOf)).sort()).toEqual(forward);
    const places = new Set(all.flatMap(({ parameter }) => parameter ?? []));
    const byWeight = [...places].flatMap((place) => linksOf(layer, place).map(keyOf)).sort();
    expect(byWeight).toEqual(places.size > 0 ? forward : []);
    if (places.size > 0) expect(places.size).toBe(biasOf(layer.planned, 0));
  });
});

test('a maximum has one link that counts, from the first of its largest pixels', () => {
  const layer = layerOf({ type: 'max-pool', size: 2 });
  layer.x.fill(3);
  layer.y.fill(3);
  expect(linksInto(layer, 1).map(({ weight }) => weight)).toEqual([1, 0, 0, 0]);
  expect(linksInto(layer, 1).map(({ from }) => from)).toEqual([1, 3, 9, 11]);
  // The last row has no whole window.
  expect(linksOutOf(layer, 39)).toEqual([]);
});

test('the place of a value: row, column and channel', () => {
  expect(placeOf({ height: 5, width: 4, channels: 2 }, 27)).toEqual([3, 1, 1]);
});
