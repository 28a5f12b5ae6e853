import { expect, test } from 'vitest';
import { LayerSpec } from '../../../../shared/engine/layers/layer-spec.ts';
import { initialParameters } from '../../../../shared/engine/model/initialization.ts';
import { planModel } from '../../../../shared/engine/model/model-plan.ts';
import { createNetLab } from '../../../../shared/study/net-lab.ts';
import {
  findStrongest,
  outputLayer,
  weightLayers,
} from '../../../../shared/study/strongest-examples.ts';
import { createToyDataset } from '../../../support/toy-dataset.ts';
import { naiveEngine, toyConfig } from '../../../support/toy-run.ts';

const dataset = createToyDataset();
const { test: set } = dataset;
const layers = [
  { type: 'conv2d', filters: 4, kernel: 3 },
  { type: 'batch-norm' },
  { type: 'activation', function: 'relu' },
  { type: 'max-pool', size: 2 },
  { type: 'dense', outputs: 3 },
].map((layer) => LayerSpec.parse(layer));
const input = { height: 4, width: 5, channels: 1 };
const config = toyConfig(dataset, { model: { input, layers } });
const lab = createNetLab(naiveEngine, planModel(config.model), config);
lab.load(initialParameters(lab.plan, 'he', 3));

/** The output of each example, from the study of each by itself. */
const outputsOf = (name: string, unit: number, channels: number): number[] =>
  Array.from({ length: set.count }, (_, i) => {
    const { layers } = lab.studyExample(set.inputs.subarray(20 * i, 20 * i + 20), set.labels[i]);
    const values = layers.find(({ planned }) => planned.name === name)?.values ?? [];
    return Math.max(...[...values].filter((_, place) => place % channels === unit));
  });

test.for([
  ['conv1', 'activation1', 4],
  ['dense1', 'dense1', 3],
] as const)(
  'the strongest examples of %s are the first of all examples in order',
  ([name, output, units]) => {
    const found = findStrongest(lab, set, name);
    expect([found.name, found.perUnit]).toEqual([output, 9]);
    for (let unit = 0; unit < units; unit++) {
      const values = outputsOf(output, unit, units);
      const order = [...values.keys()].sort((a, b) => values[b] - values[a] || a - b).slice(0, 9);
      const list = <T>(all: Iterable<T>) => [...all].slice(9 * unit, 9 * unit + 9);
      expect(list(found.indices)).toEqual(order);
      expect(list(found.values)).toEqual(order.map((i) => values[i]));
      for (let label = 0; label < 3; label++) {
        const own = values.filter((_, i) => set.labels[i] === label);
        const mean = own.reduce((sum, value) => sum + value, 0) / own.length;
        expect(found.classMeans[3 * unit + label]).toBeCloseTo(mean, 5);
      }
    }
  },
);

test('a set of four examples has four', () => {
  const { perUnit, indices } = findStrongest(lab, { ...set, count: 4 }, 'dense1');
  expect(perUnit).toBe(4);
  expect([...indices.subarray(0, 4)].sort()).toEqual([0, 1, 2, 3]);
});

test('layers with weights give their outputs after normalization and activation', () => {
  expect(weightLayers(lab.plan).map(({ name }) => name)).toEqual(['conv1', 'dense1']);
  expect(outputLayer(lab.plan, 'conv1').name).toBe('activation1');
  expect(() => outputLayer(lab.plan, 'conv9')).toThrow('the model has no layer conv9');
});
