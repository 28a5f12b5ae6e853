import { describe, expect, test } from 'vitest';
import { LayerSpec } from '../../../../shared/engine/layers/layer-spec.ts';
import { planModel } from '../../../../shared/engine/model/model-plan.ts';
import { PRESETS } from '../../../../shared/engine/model/presets.ts';
import { SHORT_FRAME_BYTES_MAX } from '../../../../shared/protocol/limits.ts';
import { challengeFor } from '../../../../shared/round/challenge-for.ts';
import { rightAnswer } from '../../../support/right-answer.ts';
import { createToyDataset } from '../../../support/toy-dataset.ts';
import { toyConfig } from '../../../support/toy-run.ts';

const dataset = createToyDataset();
const withLayers = (layers: readonly object[], height = 28, width = 28) => {
  const model = {
    input: { height, width, channels: 1 },
    layers: layers.map((each) => LayerSpec.parse(each)),
  };
  return toyConfig(dataset, { model });
};
const functions = ['identity', 'sigmoid', 'tanh', 'relu', 'leaky-relu', 'gelu', 'softplus'];
const everything = withLayers([
  { type: 'conv2d', filters: 64, kernel: 7, stride: 3 },
  ...functions.map((name) => ({ type: 'activation', function: name })),
  { type: 'batch-norm' },
  { type: 'max-pool', size: 3 },
  { type: 'average-pool', size: 2 },
  { type: 'dropout', rate: 0.4 },
  { type: 'flatten' },
  { type: 'dense', outputs: 500 },
  { type: 'dense', outputs: 3 },
]);

describe('the challenge of a run', () => {
  test('has one small layer of each kind, in order, and ends with a dense layer', () => {
    const { model } = challengeFor(withLayers(PRESETS.cnn(10)));
    expect(model.layers).toEqual([
      { type: 'conv2d', filters: 2, kernel: 3, stride: 1, padding: 'same' },
      { type: 'batch-norm' },
      { type: 'activation', function: 'relu' },
      { type: 'max-pool', size: 2 },
      { type: 'dropout', rate: 0.2 },
      { type: 'dense', outputs: 3 },
    ]);
  });

  test.for([
    ['a single layer', withLayers([{ type: 'dense', outputs: 3 }])],
    ['all kinds of layers', everything],
    [
      'windows without padding',
      withLayers([
        { type: 'conv2d', filters: 9, kernel: 28, padding: 'valid' },
        { type: 'max-pool', size: 1 },
        { type: 'dense', outputs: 3 },
      ]),
    ],
  ] as const)('fits a model of %s', ([, config]) => {
    expect(planModel(challengeFor(config).model).classCount).toBe(3);
  });

  test('has an answer for one short frame, whatever the layers', () => {
    expect(rightAnswer(everything).byteLength).toBeLessThan(SHORT_FRAME_BYTES_MAX / 2);
  });
});
