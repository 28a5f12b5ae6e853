import { describe, expect, test } from 'vitest';
import {
  type LearningState,
  learningNotice,
  overfittingNotice,
  rateNotice,
} from '../../../../coordinator/training/learning-notices.ts';
import { classNamesOf } from '../../../../shared/data/target.ts';
import type { Activation } from '../../../../shared/engine/kernels.ts';
import { planModel } from '../../../../shared/engine/model/model-plan.ts';
import { multilayerPerceptron } from '../../../../shared/engine/model/presets.ts';
import { createToyDataset } from '../../../support/toy-dataset.ts';
import { toyConfig } from '../../../support/toy-run.ts';

const dataset = createToyDataset();
const images = toyConfig(dataset);

/** A state of a network with two hidden layers that learns well, except for `differences`. */
function stateOf(
  activation: Activation,
  differences: Partial<LearningState> & {
    constantParts?: [number, number];
    rms?: [number, number, number];
  } = {},
): LearningState {
  const { constantParts = [0.2, 0.1], rms = [0.001, 0.002, 0.01], ...others } = differences;
  const layers = multilayerPerceptron([8, 8], activation, 3);
  const config = toyConfig(dataset, {
    model: { input: { height: 4, width: 5, channels: 1 }, layers },
  });
  return {
    config,
    model: planModel(config.model),
    health: {
      activations: constantParts.map((constantPart, i) => ({
        name: `activation${i + 1}`,
        constantPart,
      })),
      gradients: rms.map((value, i) => ({ name: `dense${i + 1}.weight`, rms: value })),
      exampleCount: 128,
      unlikelyLabelCount: 1,
    },
    quality: 0.9,
    guessingQuality: 0.35,
    ...others,
  };
}

const messageOf = (state: LearningState) => learningNotice(state)?.message;

test('a model that learns gets no notice', () => {
  expect(learningNotice(stateOf('relu'))).toBeUndefined();
  expect(learningNotice(stateOf('sigmoid', { constantParts: [0.9, 0] }))).toBeUndefined();
  expect(learningNotice(stateOf('sigmoid', { rms: [1e-6, 1e-3, 1e-2] }))).toBeUndefined();
});

test('dead units are named, with what helps, whether the model is any good or not', () => {
  expect(messageOf(stateOf('relu', { constantParts: [0.1, 0.97] }))).toBe(
    '97 % of the units of activation2 (relu) give the same value for all of 128 examples: ' +
      'they are dead and learn no more. ' +
      'Start again with a lower --lr (0.05), or an activation without dead units: ' +
      'leaky-relu, gelu.',
  );
  const saturated = { constantParts: [1, 1] as [number, number] };
  expect(messageOf(stateOf('tanh', { ...saturated, rms: [0, 0, 0.1], quality: 0.3 }))).toMatch(
    /^100 % of the units of activation1 \(tanh\) .* Start again with a lower --lr \(0\.05\)\.$/,
  );
});

test('a vanishing gradient is named, with what helps, if the model only guesses', () => {
  const state = stateOf('sigmoid', {
    quality: 0.351,
    rms: [2e-6, 1e-4, 2e-2],
    constantParts: [0, 1],
  });
  expect(learningNotice(state)).toEqual({
    kind: 'vanishing-gradient',
    message:
      'the gradient vanishes on its way to the first layer: that of dense1 is 10,000 times ' +
      'smaller than that of dense3, so the first layers do not learn. ' +
      'Try --activation relu, fewer layers, or batch-norm layers in a --model file.',
  });
});

test('a model that only guesses for no visible reason is pointed to the learning rate', () => {
  expect(messageOf(stateOf('relu', { quality: 0.31 }))).toBe(
    'the model is no better than guessing: training accuracy 31.0 %. ' +
      'Try another --lr, lower or higher (0.05). ' +
      'If none helps, see whether the labels belong to the images: lockstep look.',
  );
});

test('a model of numbers is compared with always saying the mean', () => {
  const state = stateOf('relu', { quality: 0.004, guessingQuality: 0 });
  const { name, files } = dataset.manifest;
  const prices = { name, files, target: { name: 'price', mean: 0, deviation: 1 } };
  const config = { ...state.config, dataset: prices };
  expect(messageOf({ ...state, config })).toBe(
    'the model is no better than always saying the mean: training R² 0.004. ' +
      'Try another --lr, lower or higher (0.05). If none helps, the inputs may say nothing ' +
      'about the target: look at the columns of the dataset.',
  );
  expect(learningNotice({ ...state, config, quality: 0.1 })).toBeUndefined();
});

test('a model that always says the same class is told so', () => {
  const health = { ...stateOf('relu').health, onlyClass: 2 };
  expect(messageOf(stateOf('relu', { quality: 0.31, health }))).toBe(
    'the model is no better than guessing: training accuracy 31.0 %. ' +
      `It says “${classNamesOf(dataset.manifest)[2]}” for each of 128 examples. ` +
      'Try another --lr, lower or higher (0.05). ' +
      'If none helps, see whether the labels belong to the images: lockstep look.',
  );
  expect(learningNotice(stateOf('relu', { health }))).toBeUndefined();
});

describe('a model that overfits', () => {
  const RULE = { epochs: 12 };
  const epoch = { trainAccuracy: 0.5, validationAccuracy: 0.5, testLoss: 1, testAccuracy: 0.5 };
  const epochs = [
    { ...epoch, epoch: 1, step: 10, trainLoss: 0.9, validationLoss: 0.8 },
    { ...epoch, epoch: 2, step: 20, trainLoss: 0.8, validationLoss: 0.91234 },
    { ...epoch, epoch: 3, step: 30, trainLoss: 0.75, validationLoss: 0.95 },
    { ...epoch, epoch: 4, step: 40, trainLoss: 0.7, validationLoss: 1 },
  ];

  test('is named, with the epoch and what helps', () => {
    const notice = overfittingNotice(epochs, RULE, images);
    expect(notice?.kind).toBe('overfitting');
    expect(notice?.message).toMatch(
      /^the model overfits since epoch 1: .* from 0\.8000 to 1\.0000, .* --early-stopping 3/,
    );
    const long = overfittingNotice(epochs, { epochs: 100 }, images);
    expect(long?.message).toContain('--early-stopping 10 keeps');
  });

  test('is helped by flags that the data can have', () => {
    const { name, files } = dataset.manifest;
    const prices = { name, files, target: { name: 'price', mean: 0, deviation: 1 } };
    const model = { ...images.model, input: { height: 1, width: 1, channels: 4 } };
    const of = (config: Parameters<typeof overfittingNotice>[2]) =>
      overfittingNotice(epochs, RULE, config)?.message;
    expect(of(images)).toContain('; --augment flip, --weight-decay, --label-smoothing 0.1 or');
    expect(of({ ...images, model })).toContain('; --weight-decay, --label-smoothing 0.1 or');
    expect(of({ ...images, dataset: prices, model })).toContain(
      '; --weight-decay or dropout layers',
    );
  });

  test('is not named before that is sure, nor if the run stops early by itself', () => {
    expect(overfittingNotice(epochs.slice(0, 3), RULE, images)).toBeUndefined();
    const stopping = { ...RULE, earlyStopping: 5 };
    expect(overfittingNotice(epochs, stopping, images)).toBeUndefined();
    expect(overfittingNotice([], RULE, images)).toBeUndefined();
  });
});

describe('a learning rate that is too high', () => {
  const config = toyConfig(dataset);
  const losses = (...all: number[]) =>
    all.map((trainLoss, i) => ({
      ...{ epoch: i + 1, step: 10 * (i + 1), trainLoss, trainAccuracy: 0.5 },
      ...{ validationLoss: null, validationAccuracy: null, testLoss: 1, testAccuracy: 0.5 },
    }));

  test('is named if the training loss rises', () => {
    const notice = rateNotice(losses(0.9, 0.5, 0.8), config);
    expect(notice?.kind).toBe('rate-too-high');
    expect(notice?.message).toMatch(
      /^the learning rate is too high: .* 0\.5000 in epoch 2 to 0\.8000 in epoch 3\. .* 0\.02;/,
    );
  });

  test('is named if the training loss is worse than without a model', () => {
    expect(rateNotice(losses(14.25), config)?.message).toMatch(
      /the training loss of epoch 1 is 14\.3, and without learning anything it would be 1\.10\./,
    );
    const squared = { ...config, loss: 'squared-error' } as const;
    expect(rateNotice(losses(0.7, 0.71), squared)?.message).toMatch(/0\.33/);
    // Outputs of initial weights may be far from any target.
    expect(rateNotice(losses(3.2), squared)).toBeUndefined();
    expect(rateNotice(losses(3.2, 2.7), squared)).toBeUndefined();
  });

  test('is not named where the loss falls, or hardly rises', () => {
    expect(rateNotice([], config)).toBeUndefined();
    expect(rateNotice(losses(1.2, 0.5, 0.53), config)).toBeUndefined();
    expect(rateNotice(losses(0.5, 0.001, 0.004), config)).toBeUndefined();
  });
});

test('labels that the model finds absurd are named, if it knows the classes', () => {
  const state = stateOf('relu');
  const health = { ...state.health, unlikelyLabelCount: 7 };
  const of = (classCount: number, quality: number | undefined) =>
    learningNotice({ ...state, health, quality, model: { ...state.model, classCount } });
  expect(of(10, 0.8)?.message).toMatch(
    /^labels look wrong: to 7 of 128 training examples .* --set training --hardest\)/,
  );
  expect(of(3, 0.8)).toBeUndefined();
  const few = { ...health, unlikelyLabelCount: 5 };
  expect(learningNotice({ ...state, health: few, model: { ...state.model, classCount: 10 } })).toBe(
    undefined,
  );
  expect(of(10, undefined)).toBeUndefined();
  expect(of(10, 0.351)?.kind).toBe('guessing');
});

test('a model that has hardly begun is not judged by its accuracy', () => {
  const early = { quality: undefined, rms: [2e-6, 1e-4, 2e-2] as [number, number, number] };
  expect(learningNotice(stateOf('sigmoid', early))).toBeUndefined();
  expect(learningNotice(stateOf('relu', { ...early, constantParts: [0.9, 0] }))).toBeDefined();
});
