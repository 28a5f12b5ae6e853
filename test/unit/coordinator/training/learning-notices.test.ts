import { expect, test } from 'vitest';
import {
  type LearningState,
  learningNotice,
} from '../../../../coordinator/training/learning-notices.ts';
import type { Activation } from '../../../../shared/engine/kernels.ts';
import { planModel } from '../../../../shared/engine/model/model-plan.ts';
import { multilayerPerceptron } from '../../../../shared/engine/model/presets.ts';
import { createToyDataset } from '../../../support/toy-dataset.ts';
import { toyConfig } from '../../../support/toy-run.ts';

const dataset = createToyDataset();

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
    },
    accuracy: 0.9,
    guessingAccuracy: 0.35,
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
  expect(messageOf(stateOf('tanh', { ...saturated, rms: [0, 0, 0.1], accuracy: 0.3 }))).toMatch(
    /^100 % of the units of activation1 \(tanh\) .* Start again with a lower --lr \(0\.05\)\.$/,
  );
});

test('a vanishing gradient is named, with what helps, if the model only guesses', () => {
  const state = stateOf('sigmoid', {
    accuracy: 0.351,
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
  expect(messageOf(stateOf('relu', { accuracy: 0.31 }))).toBe(
    'the model is no better than guessing: training accuracy 31.0 %. ' +
      'Try another --lr, lower or higher (0.05).',
  );
});

test('a model that has hardly begun is not judged by its accuracy', () => {
  const early = { accuracy: undefined, rms: [2e-6, 1e-4, 2e-2] as [number, number, number] };
  expect(learningNotice(stateOf('sigmoid', early))).toBeUndefined();
  expect(learningNotice(stateOf('relu', { ...early, constantParts: [0.9, 0] }))).toBeDefined();
});
