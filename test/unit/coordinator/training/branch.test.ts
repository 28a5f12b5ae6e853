import { setImmediate } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import {
  createBranch,
  createSparseDataset,
  placesOfSteps,
  withRate,
} from '../../../../coordinator/training/branch.ts';
import { LocalSource } from '../../../../coordinator/training/local-source.ts';
import type { SavedState } from '../../../../coordinator/training/parameter-server.ts';
import { train } from '../../../../coordinator/training/train.ts';
import type { ExampleSet } from '../../../../shared/data/dataset.ts';
import { splitTrainingSet } from '../../../../shared/data/sampler.ts';
import { LayerSpec } from '../../../../shared/engine/layers/layer-spec.ts';
import type { OptimizerSpec } from '../../../../shared/engine/optimizer-spec.ts';
import type { RunConfig } from '../../../../shared/round/run-config.ts';
import { createToyDataset } from '../../../support/toy-dataset.ts';
import { createToyRun, naiveEngine, toyConfig } from '../../../support/toy-run.ts';

const dataset = createToyDataset();
const never = new AbortController().signal;
const [FROM, TO] = [3, 12];
const counts = { training: 320, validation: 280 };

/** Trains a run. Returns its state at the two steps, and the losses between them. */
async function trainRun(config: RunConfig) {
  const { workload, computer, server, run } = createToyRun(config, dataset, 5);
  const losses: number[] = [];
  let start: SavedState | undefined;
  await train(
    {
      ...run(new LocalSource(computer, workload, setImmediate)),
      stepsMax: TO,
      async onStep({ step, loss }) {
        if (step >= FROM) losses.push(loss);
        if (step + 1 !== FROM) return;
        const copies = Object.entries(server.optimizer.state).map(([name, values]) => [
          name,
          values.slice(),
        ]);
        start = {
          step: FROM,
          parameters: server.parameters.slice(),
          optimizerState: Object.fromEntries(copies),
        };
      },
    },
    never,
  );
  if (!start) throw new Error('the run is too short');
  return { start, losses, parameters: server.parameters.slice() };
}

/** The training set without validation, at these places. */
function examplesAt(places: Uint32Array): ExampleSet {
  const { training } = splitTrainingSet(600, counts.validation, 1);
  const { inputCount, train } = dataset;
  return {
    count: places.length,
    labels: Uint8Array.from(places, (place) => train.labels[training[place]]),
    inputs: Uint8Array.from(
      [...places].flatMap((place) => [
        ...train.inputs.subarray(training[place] * inputCount, (training[place] + 1) * inputCount),
      ]),
    ),
  };
}

function branchOf(config: RunConfig, start: SavedState) {
  const sparse = createSparseDataset(config, 'images', counts);
  const places = placesOfSteps(config, counts, FROM, TO - FROM);
  sparse.add(places, examplesAt(places));
  return createBranch(naiveEngine, config, sparse, start);
}

const CONVOLUTIONAL = [
  { type: 'conv2d', filters: 4, kernel: 3 },
  { type: 'batch-norm' },
  { type: 'activation', function: 'relu' },
  { type: 'dropout', rate: 0.3 },
  { type: 'dense', outputs: 3 },
].map((layer) => LayerSpec.parse(layer));
const adam: OptimizerSpec = { name: 'adamw', beta1: 0.9, beta2: 0.999, epsilon: 1e-8 };
const RUNS: [string, Partial<RunConfig>][] = [
  ['with momentum', {}],
  ['with a schedule', { learningRate: { name: 'cosine', peak: 0.1, warmupSteps: 5, epochs: 4 } }],
  ['with clipping and smoothing', { clipNorm: 0.1, labelSmoothing: 0.1, weightDecay: 0.01 }],
  ['with bfloat16 on the wire', { wire: 'bf16', optimizer: adam }],
  [
    'with convolutions, dropout and augmentation',
    {
      model: { input: { height: 4, width: 5, channels: 1 }, layers: CONVOLUTIONAL },
      augmentation: { flip: 0.5, shift: 1, erase: 0.3 },
      optimizer: adam,
    },
  ],
];

describe.for(RUNS)('a run %s', ([, overrides]) => {
  const config = toyConfig(dataset, overrides);

  test('has a branch that ends at its own bits', async () => {
    const { start, losses, parameters } = await trainRun(config);
    const branch = branchOf(withRate(config, 1), start);
    expect(losses.map(() => branch.advance())).toEqual(losses);
    expect(branch.server.step).toBe(TO);
    expect(branch.server.parameters).toEqual(parameters);
  });

  test('has another future with another learning rate', async () => {
    const { start, losses, parameters } = await trainRun(config);
    const branch = branchOf(withRate(config, 3), start);
    const other = losses.map(() => branch.advance());
    expect(other[0]).toBe(losses[0]);
    expect(other[1]).not.toBe(losses[1]);
    expect(branch.server.parameters).not.toEqual(parameters);
  });
});

test('a branch that diverges says so, and keeps its parameters', async () => {
  const config = toyConfig(dataset);
  const { start } = await trainRun(config);
  const branch = branchOf(config, { ...start, parameters: start.parameters.map(() => Number.NaN) });
  expect(branch.advance()).toBeNaN();
  expect(branch.server.step).toBe(FROM);
});

test('steps need each of their examples once, over the end of an epoch, too', () => {
  const config = toyConfig(dataset);
  // An epoch has 320 examples in 4 steps.
  const whole = placesOfSteps(config, counts, 0, 4);
  expect([...whole]).toEqual(Array.from({ length: 320 }, (_, place) => place));
  expect(placesOfSteps(config, counts, 3, 1)).toHaveLength(32);
  expect(placesOfSteps(config, counts, 3, 5)).toEqual(whole);
});
