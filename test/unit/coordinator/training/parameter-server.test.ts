import { describe, expect, test } from 'vitest';
import { createParameterServer } from '../../../../coordinator/training/parameter-server.ts';
import { outputCountOf } from '../../../../shared/data/target.ts';
import type { OptimizerSpec } from '../../../../shared/engine/optimizer-spec.ts';
import type { RunConfig } from '../../../../shared/round/run-config.ts';
import { createWorkload } from '../../../../shared/round/workload.ts';
import { createDraws } from '../../../support/simulation/draws.ts';
import { createToyDataset } from '../../../support/toy-dataset.ts';
import { naiveEngine, toyConfig } from '../../../support/toy-run.ts';

const EXAMPLES = 32;
const dataset = createToyDataset();

const NORMALIZED: RunConfig['model'] = {
  input: dataset.shape,
  layers: [
    { type: 'conv2d', filters: 2, kernel: 3, stride: 1, padding: 'same' },
    { type: 'batch-norm' },
    { type: 'flatten' },
    { type: 'dense', outputs: outputCountOf(dataset.manifest) },
  ],
};

/** A server, a random root per step, the server's state, and the end indices of some parts. */
function serverOf(overrides: Partial<RunConfig>) {
  const config = toyConfig(dataset, { weightDecay: 1e-3, ...overrides });
  const workload = createWorkload(config, dataset);
  const server = createParameterServer(naiveEngine, config, workload);
  const length = workload.vectorLength('train');
  const rootOf = (step: number) => createDraws(step).floats(length);
  const stateOf = () =>
    [server.parameters, server.roundedParameters, ...Object.values(server.optimizer.state)].map(
      (values) => values.slice(),
    );
  const [first, second] = [Math.floor(length / 3), Math.floor(length / 2)];
  const ends = [first, second, length - 1, length];
  return { server, rootOf, stateOf, ends };
}

const OPTIMIZERS: OptimizerSpec[] = [
  { name: 'sgd' },
  { name: 'momentum', momentum: 0.9 },
  { name: 'nesterov', momentum: 0.9 },
  { name: 'adam', beta1: 0.9, beta2: 0.99, epsilon: 1e-8 },
  { name: 'adamw', beta1: 0.9, beta2: 0.99, epsilon: 1e-8 },
  { name: 'rmsprop', beta: 0.9, epsilon: 1e-8 },
  { name: 'adagrad', epsilon: 1e-8 },
];

describe.for([
  ...OPTIMIZERS.map((optimizer) => [optimizer.name, { optimizer }] as const),
  ['momentum with running averages', { model: NORMALIZED }],
  ['momentum with bfloat16 on the wire', { wire: 'bf16' }],
] as [string, Partial<RunConfig>][])('updates by %s', ([, overrides]) => {
  test('in parts equal an update in one piece', () => {
    const [whole, parts] = [serverOf(overrides), serverOf(overrides)];
    for (let step = 0; step < 3; step++) {
      const root = whole.rootOf(step);
      const rate = whole.server.update(root, EXAMPLES);
      let from = 0;
      // In some steps the sum is complete before the last part is updated.
      for (const to of parts.ends.slice(0, 4 - step)) {
        parts.server.updatePart?.(root, EXAMPLES, from, to);
        const { length } = parts.server.parameters;
        const [expected, given] = [whole, parts].map(({ server }) =>
          server.roundedParameters.subarray(0, Math.min(to, length)),
        );
        expect(given).toEqual(expected);
        from = to;
      }
      expect(parts.server.update(root, EXAMPLES)).toBe(rate);
      expect(parts.stateOf()).toEqual(whole.stateOf());
    }
  });

  test('are rolled back to the last bit', () => {
    const { server, rootOf, stateOf, ends } = serverOf(overrides);
    server.update(rootOf(0), EXAMPLES);
    const before = stateOf();
    for (const end of ends) {
      server.updatePart?.(rootOf(1), EXAMPLES, 0, end);
      expect(stateOf()).not.toEqual(before);
      server.rollBack();
      expect(stateOf()).toEqual(before);
    }
    server.rollBack();
    expect(stateOf()).toEqual(before);
    expect(server.step).toBe(1);
  });
});

test('the parameters of a whole step can be copied at any time', () => {
  const { server, rootOf, ends } = serverOf({});
  server.update(rootOf(0), EXAMPLES);
  const whole = server.parameters.slice();
  const copy = () => server.copyModel();
  expect(copy()).toEqual(whole);
  let from = 0;
  for (const end of ends) {
    server.updatePart?.(rootOf(1), EXAMPLES, from, end);
    expect(server.parameters).not.toEqual(whole);
    expect(copy()).toEqual(whole);
    from = end;
  }
  server.update(rootOf(1), EXAMPLES);
  expect(copy()).toEqual(server.parameters);
});

test('a server that clips the gradient norm does not update in parts', () => {
  expect(serverOf({ clipNorm: 1 }).server.updatePart).toBeUndefined();
});

test.for([
  [96, 0.1],
  [24, 0.025],
  [1, 0.1 / 96],
] as const)('a step of %d of 96 examples has the weight %d in the running averages', (step) => {
  const [examples, weight] = step;
  const { server, rootOf } = serverOf({ model: NORMALIZED, globalBatch: 96 });
  const before = server.parameters.slice(-4);
  const root = rootOf(0);
  server.update(root, examples);
  for (const [i, value] of server.parameters.slice(-4).entries()) {
    const mean = root[server.parameters.length - 4 + i] / examples;
    expect(value).toBeCloseTo(before[i] + weight * (mean - before[i]), 5);
  }
});
