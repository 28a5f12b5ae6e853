import { NUMERICS } from '../../shared/engine/kernels.ts';
import { LayerSpec } from '../../shared/engine/layers/layer-spec.ts';
import { type Challenge, solveChallenge, tinyRun } from '../../shared/round/challenge.ts';
import type { RunConfig } from '../../shared/round/run-config.ts';
import { WIRE_FORMATS } from '../../shared/round/run-config.ts';
import type { OpenEngine } from './arithmetic-vectors.ts';
import { vectorHex } from './hex.ts';

interface Net {
  readonly name: string;
  /** By default those of {@link RUN}. */
  readonly input?: RunConfig['model']['input'];
  readonly layers: readonly object[];
  readonly changes: Partial<RunConfig>;
  readonly sizes: Pick<Challenge, 'globalBatch' | 'microBatchCount'>;
}

const activation = (name: string) => ({ type: 'activation', function: name });
const dense = (outputs: number) => ({ type: 'dense', outputs });

const file = { name: 'none', sha256: '0'.repeat(64) };
const files = { trainImages: file, trainLabels: file, testImages: file, testLabels: file };
const target = { name: 'price', mean: 5, deviation: 2 };

const NETS: readonly Net[] = [
  {
    name: 'a perceptron',
    layers: [dense(5), activation('tanh'), dense(3)],
    changes: {},
    sizes: { globalBatch: 20, microBatchCount: 7 },
  },
  {
    name: 'a perceptron with smoothed targets, leaves without examples and a large seed',
    layers: [dense(4), activation('relu'), dense(3)],
    changes: { labelSmoothing: 0.1, seed: 5_000_000_000 },
    sizes: { globalBatch: 14, microBatchCount: 16 },
  },
  {
    name: 'a perceptron with the squared error',
    layers: [dense(4), activation('sigmoid'), dense(4), activation('softplus'), dense(3)],
    changes: { loss: 'squared-error', labelSmoothing: 0.2 },
    sizes: { globalBatch: 25, microBatchCount: 12 },
  },
  {
    name: 'a convolutional net with everything random',
    layers: [
      { type: 'conv2d', filters: 2, kernel: 3 },
      { type: 'batch-norm' },
      activation('leaky-relu'),
      { type: 'max-pool', size: 2 },
      { type: 'flatten' },
      { type: 'dropout', rate: 0.3 },
      dense(3),
    ],
    changes: { augmentation: { flip: 0.5, shift: 1, erase: 0.5 } },
    sizes: { globalBatch: 20, microBatchCount: 7 },
  },
  {
    name: 'convolutions with strides and without padding',
    layers: [
      { type: 'conv2d', filters: 2, kernel: 3, stride: 2 },
      activation('gelu'),
      { type: 'conv2d', filters: 3, kernel: 2, padding: 'valid' },
      activation('identity'),
      { type: 'average-pool', size: 1 },
      dense(3),
    ],
    changes: {},
    sizes: { globalBatch: 13, microBatchCount: 5 },
  },
  {
    name: 'average pooling',
    layers: [{ type: 'average-pool', size: 2 }, dense(3)],
    changes: {},
    sizes: { globalBatch: 13, microBatchCount: 5 },
  },
  {
    name: 'color images, and classes with weights',
    input: { height: 3, width: 4, channels: 3 },
    layers: [{ type: 'conv2d', filters: 2, kernel: 3 }, activation('relu'), dense(3)],
    changes: {
      classWeights: [1, 1, 1],
      augmentation: { flip: 0.5, shift: 1, erase: 0.5 },
    },
    sizes: { globalBatch: 13, microBatchCount: 5 },
  },
  ...(['squared-error', 'huber'] as const).map((loss) => ({
    name: `features, and numbers as targets with the ${loss} loss`,
    input: { height: 1, width: 1, channels: 6 },
    layers: [dense(4), activation('tanh'), dense(1)],
    changes: { loss, dataset: { name: 'made-up', target, files } },
    sizes: { globalBatch: 20, microBatchCount: 7 },
  })),
];

/** A run, of which a challenge changes the model and the sizes. */
const RUN: RunConfig = {
  dataset: {
    name: 'made-up',
    classNames: ['0', '1', '2'],
    files,
  },
  validationCount: 0,
  model: { input: { height: 4, width: 5, channels: 1 }, layers: [] },
  initialisation: 'he',
  loss: 'cross-entropy',
  labelSmoothing: 0,
  optimizer: { name: 'sgd' },
  learningRate: { name: 'constant', peak: 0.1, warmupSteps: 0 },
  weightDecay: 0,
  augmentation: { flip: 0, shift: 0, erase: 0 },
  numerics: 'strict',
  wire: 'f32',
  globalBatch: 1,
  microBatchCount: 1,
  seed: 1,
};

/** Each tiny run's configuration, and what each stage of its first step computes. */
export function netVectors(openEngine: OpenEngine) {
  const profiles = NUMERICS.flatMap((numerics) => WIRE_FORMATS.map((wire) => ({ numerics, wire })));
  return {
    nets: NETS.flatMap(({ name, input = RUN.model.input, layers, changes, sizes }) =>
      profiles.map((profile) => {
        const model = { input, layers: layers.map((layer) => LayerSpec.parse(layer)) };
        const run = { ...RUN, ...changes, ...profile };
        const challenge = { model, ...sizes };
        const stages = solveChallenge(openEngine(profile.numerics), run, challenge);
        return {
          name: `${name}, ${profile.numerics}, ${profile.wire}`,
          config: tinyRun(run, challenge).config,
          stages: stages.map((stage) => ({ name: stage.name, values: vectorHex(stage.values) })),
        };
      }),
    ),
  };
}
