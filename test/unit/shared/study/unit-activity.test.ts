import { describe, expect, test } from 'vitest';
import { ACTIVATIONS } from '../../../../shared/engine/kernels.ts';
import { LayerSpec } from '../../../../shared/engine/layers/layer-spec.ts';
import { initialParameters } from '../../../../shared/engine/model/initialization.ts';
import { planModel } from '../../../../shared/engine/model/model-plan.ts';
import { multilayerPerceptron } from '../../../../shared/engine/model/presets.ts';
import { createNetLab } from '../../../../shared/study/net-lab.ts';
import { saturates, studyUnits } from '../../../../shared/study/unit-activity.ts';
import { createToyDataset } from '../../../support/toy-dataset.ts';
import { naiveEngine, toyConfig } from '../../../support/toy-run.ts';

const dataset = createToyDataset();
const { test: set } = dataset;
const input = { height: 4, width: 5, channels: 1 };

/** The slopes of the functions that saturate. */
const SLOPES: Record<string, (x: number) => number> = {
  sigmoid: (x) => Math.exp(-x) / (1 + Math.exp(-x)) ** 2,
  tanh: (x) => 1 - Math.tanh(x) ** 2,
};

function labOf(layers: LayerSpec[], factor: number) {
  const config = toyConfig(dataset, { model: { input, layers } });
  const lab = createNetLab(naiveEngine, planModel(config.model), config);
  const parameters = initialParameters(lab.plan, 'he', 3).map((value) => value * factor);
  lab.load(parameters);
  return { lab, parameters };
}

describe.for(ACTIVATIONS)('the units of a layer with %s', (name) => {
  test('are counted as a plain loop counts them', () => {
    const { lab, parameters } = labOf(multilayerPerceptron([6], name, 3), 4);
    const expected = new Array(6).fill(0);
    const [weight, bias] = lab.plan.layers[0].tensors;
    for (let example = 0; example < set.count; example++)
      for (let unit = 0; unit < 6; unit++) {
        let z = parameters[bias.offset + unit];
        for (let i = 0; i < 20; i++)
          z += (set.inputs[example * 20 + i] / 255) * parameters[weight.offset + i * 6 + unit];
        const slope = SLOPES[name];
        const isCounted = slope ? slope(z) < 0.01 * slope(0) : z > 0;
        if (isCounted) expected[unit] += 1 / set.count;
      }
    const [{ parts, ...layer }] = studyUnits(lab, set);
    expect(layer).toEqual({ name: 'activation1', function: name });
    expect(saturates(name)).toBe(name in SLOPES);
    for (const [unit, part] of expected.entries()) expect(parts[unit]).toBeCloseTo(part, 6);
    expect(new Set(expected).size).toBeGreaterThan(1);
  });
});

test('a channel of a convolution fires if it does so anywhere in the image', () => {
  const layers = [
    { type: 'conv2d', filters: 3, kernel: 3 },
    { type: 'activation', function: 'relu' },
    { type: 'dense', outputs: 3 },
  ].map((layer) => LayerSpec.parse(layer));
  const { lab, parameters } = labOf(layers, 1);
  const [{ offset }, bias] = lab.plan.layers[0].tensors;
  // The second filter is dead: its weights and its bias are negative.
  for (let i = 0; i < 9; i++) parameters[offset + 3 * i + 1] = -1;
  parameters[bias.offset + 1] = -0.1;
  // The third one fires where the middle pixel is bright: in every image with such a pixel.
  for (let i = 0; i < 9; i++) parameters[offset + 3 * i + 2] = i === 4 ? 1 : 0;
  parameters[bias.offset + 2] = -250 / 255;
  lab.load(parameters);
  const [{ parts }] = studyUnits(lab, set);
  let bright = 0;
  for (let i = 0; i < set.count; i++)
    if (set.inputs.subarray(20 * i, 20 * (i + 1)).some((pixel) => pixel > 250)) bright++;
  expect(bright).toBeGreaterThan(0);
  expect(bright).toBeLessThan(set.count);
  expect(parts[1]).toBe(0);
  expect(parts[2]).toBeCloseTo(bright / set.count, 6);
});

test('a net without activations has nothing to study', () => {
  const { lab } = labOf([{ type: 'dense', outputs: 3 }], 1);
  expect(studyUnits(lab, set)).toEqual([]);
});
