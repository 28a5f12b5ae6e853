import { expect, test } from 'vitest';
import { createHealthProbe } from '../../../../shared/round/health-probe.ts';
import { createWorkload } from '../../../../shared/round/workload.ts';
import { createToyDataset } from '../../../support/toy-dataset.ts';
import { naiveEngine, toyConfig } from '../../../support/toy-run.ts';

const dataset = createToyDataset();
const config = toyConfig(dataset);
const workload = createWorkload(config, dataset);

function healthOf(parameters: Float32Array) {
  const measuring = createHealthProbe(naiveEngine, config, workload).measure(parameters, 0);
  let next = measuring.next();
  while (!next.done) next = measuring.next();
  return next.value;
}

test('a model that always says the same class is found', () => {
  const parameters = new Float32Array(workload.parameterCount);
  // The last values are the biases of the classes.
  parameters.set([0, 0.1, 0], parameters.length - 3);
  const health = healthOf(parameters);
  expect(health.onlyClass).toBe(1);
  expect(health.activations).toEqual([{ name: 'activation1', constantPart: 1 }]);
  expect(health.gradients.map(({ name }) => name)).toEqual(['dense1.weight', 'dense2.weight']);
});

test('a model that says several classes says no class only', () => {
  const parameters = Float32Array.from({ length: workload.parameterCount }, (_, i) => Math.sin(i));
  expect(healthOf(parameters).onlyClass).toBeUndefined();
});

test('labels that half of the classes beat are counted', () => {
  const parameters = new Float32Array(workload.parameterCount);
  parameters.set([0.2, 0.1, 0], parameters.length - 3);
  const { set, indices } = workload.examples({ kind: 'train', step: 0 }, 0);
  const leaves = Array.from({ length: config.microBatchCount }, (_, leaf) =>
    workload.examples({ kind: 'train', step: 0 }, leaf),
  );
  const last = leaves.flatMap((leaf) => [...leaf.indices]).filter((i) => set.labels[i] === 2);
  expect(indices.length).toBeGreaterThan(0);
  expect(last.length).toBeGreaterThan(0);
  // Two of three classes are more likely than the last one, but only one is than the second.
  expect(healthOf(parameters).unlikelyLabelCount).toBe(last.length);
});
