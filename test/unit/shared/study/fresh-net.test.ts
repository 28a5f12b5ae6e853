import { expect, test } from 'vitest';
import { initialParameters } from '../../../../shared/engine/model/initialization.ts';
import type { ModelPlan } from '../../../../shared/engine/model/model-plan.ts';
import { createFreshNet, planFreshNet } from '../../../../shared/study/fresh-net.ts';
import { createToyDataset } from '../../../support/toy-dataset.ts';
import { naiveEngine } from '../../../support/toy-run.ts';

const dataset = createToyDataset();
const set = { ...dataset.test, count: 40 };
const input = { height: 4, width: 5, channels: 1 };

type Name = 'sigmoid' | 'relu';
const FUNCTIONS: Record<Name, [y: (x: number) => number, slope: (y: number) => number]> = {
  sigmoid: [(x) => 1 / (1 + Math.exp(-x)), (y) => y * (1 - y)],
  relu: [(x) => Math.max(0, x), (y) => (y > 0 ? 1 : 0)],
};

/** The norm of the mean gradient of each layer, in f64, example by example, with plain loops. */
function plainNorms(plan: ModelPlan, parameters: Float32Array, name: Name): number[] {
  const [activate, slope] = FUNCTIONS[name];
  const layers = plan.layers.filter(({ tensors }) => tensors.length > 0);
  const sums = layers.map(({ tensors: [{ shape }] }) => ({
    weight: new Float64Array(shape[0] * shape[1]),
    bias: new Float64Array(shape[1]),
  }));
  for (let example = 0; example < set.count; example++) {
    const inputs: number[][] = [];
    let x = Array.from({ length: 20 }, (_, i) => set.inputs[20 * example + i] / 255);
    for (const [l, { tensors }] of layers.entries()) {
      inputs.push(x);
      const [weight, bias] = tensors;
      const [rows, columns] = weight.shape;
      const z = Array.from({ length: columns }, (_, j) => {
        let sum = parameters[bias.offset + j];
        for (let i = 0; i < rows; i++) sum += x[i] * parameters[weight.offset + i * columns + j];
        return sum;
      });
      x = l === layers.length - 1 ? z : z.map(activate);
    }
    const total = x.reduce((sum, value) => sum + Math.exp(value), 0);
    let delta = x.map((z, i) => Math.exp(z) / total - (i === set.labels[example] ? 1 : 0));
    for (let l = layers.length - 1; l >= 0; l--) {
      const [{ offset, shape }] = layers[l].tensors;
      const [rows, columns] = shape;
      for (let j = 0; j < columns; j++) sums[l].bias[j] += delta[j];
      const before = new Array(rows).fill(0);
      for (let i = 0; i < rows; i++)
        for (let j = 0; j < columns; j++) {
          sums[l].weight[i * columns + j] += inputs[l][i] * delta[j];
          before[i] += parameters[offset + i * columns + j] * delta[j];
        }
      delta = before.map((value, i) => value * slope(inputs[l][i]));
    }
  }
  return sums.map(({ weight, bias }) => Math.hypot(...weight, ...bias) / set.count);
}

test.for([
  ['sigmoid', 'glorot', 1],
  ['relu', 'he', 1],
  ['relu', 'glorot', 3],
  ['sigmoid', 'he', 0.3],
] as const)(
  'a fresh net with %s, %s × %f has the gradients of plain loops',
  ([name, initialization, factor]) => {
    const plan = planFreshNet(input, 3, name);
    const net = createFreshNet(naiveEngine, plan, 'cross-entropy');
    const found = net.gradientNorms(set, { initialization, factor, seed: 5 });
    const parameters = initialParameters(plan, initialization, 5).map((value) => value * factor);
    const expected = plainNorms(plan, parameters, name);
    expect(found).toHaveLength(6);
    for (const [i, norm] of expected.entries()) expect(found[i] / norm).toBeCloseTo(1, 3);
  },
);

test('sigmoid makes the gradient of the first layer vanish, and ReLU with He does not', () => {
  const ratioOf = (name: Name, initialization: 'glorot' | 'he') => {
    const net = createFreshNet(naiveEngine, planFreshNet(input, 3, name), 'cross-entropy');
    const norms = net.gradientNorms(set, { initialization, factor: 1, seed: 5 });
    return norms[5] / norms[0];
  };
  expect(ratioOf('sigmoid', 'glorot')).toBeGreaterThan(300);
  expect(ratioOf('relu', 'he')).toBeLessThan(10);
});
