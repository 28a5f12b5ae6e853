import { describe, expect, test } from 'vitest';
import { createParameterServer } from '../../coordinator/parameter-server.ts';
import type { OptimizerSpec } from '../../shared/engine/optimizers.ts';
import type { RunConfig } from '../../shared/run-config.ts';
import { createWorkload } from '../../shared/workload.ts';
import { createDraws } from '../support/draws.ts';
import { createToyDataset } from '../support/toy-dataset.ts';
import { naiveEngine, toyConfig } from '../support/toy-run.ts';

const EXAMPLES = 32;
const dataset = createToyDataset();
const [height, width] = dataset.imageShape;

const NORMALISED: RunConfig['model'] = {
  input: { height, width, channels: 1 },
  layers: [
    { type: 'conv2d', filters: 2, kernel: 3, stride: 1, padding: 'same' },
    { type: 'batch-norm' },
    { type: 'flatten' },
    { type: 'dense', outputs: dataset.manifest.classNames.length },
  ],
};

/** A server, a root for each step, and the ends of some parts. */
function serverOf(overrides: Partial<RunConfig>) {
  const config = toyConfig(dataset, { weightDecay: 1e-3, ...overrides });
  const workload = createWorkload(config, dataset);
  const server = createParameterServer(naiveEngine, config, workload);
  const length = workload.vectorLength('train');
  const rootOf = (step: number) => createDraws(step).floats(length);
  const stateOf = () =>
    [server.parameters, server.roundedParameters, ...Object.values(server.optimizer.state)].map((values) =>
      values.slice(),
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
  ['momentum with running averages', { model: NORMALISED }],
  ['momentum with 16 bits on the wire', { wire: 'bf16' }],
] as [string, Partial<RunConfig>][])('updates by %s', ([, overrides]) => {
  test('in parts are those in one', () => {
    const [whole, parts] = [serverOf(overrides), serverOf(overrides)];
    for (let step = 0; step < 3; step++) {
      const root = whole.rootOf(step);
      const rate = whole.server.update(root, EXAMPLES);
      let from = 0;
      // In some steps the sum is whole before its last part was taken.
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

  test('are taken back to the bit', () => {
    const { server, rootOf, stateOf, ends } = serverOf(overrides);
    server.update(rootOf(0), EXAMPLES);
    const before = stateOf();
    for (const end of ends) {
      server.updatePart?.(rootOf(1), EXAMPLES, 0, end);
      expect(stateOf()).not.toEqual(before);
      server.takeBack();
      expect(stateOf()).toEqual(before);
    }
    server.takeBack();
    expect(stateOf()).toEqual(before);
    expect(server.step).toBe(1);
  });
});

test('clipping by the whole norm waits for the whole gradient', () => {
  expect(serverOf({ clipNorm: 1 }).server.updatePart).toBeUndefined();
});
