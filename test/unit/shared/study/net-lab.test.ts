import { describe, expect, test } from 'vitest';
import { evaluateSet } from '../../../../coordinator/inspection/confusion.ts';
import { createDataset } from '../../../../shared/data/dataset.ts';
import { LayerSpec } from '../../../../shared/engine/layers/layer-spec.ts';
import { initialParameters } from '../../../../shared/engine/model/initialization.ts';
import { planModel } from '../../../../shared/engine/model/model-plan.ts';
import { multilayerPerceptron } from '../../../../shared/engine/model/presets.ts';
import { openEngine } from '../../../../shared/host/load-engine.ts';
import type { RunConfig } from '../../../../shared/round/run-config.ts';
import { createNetLab } from '../../../../shared/study/net-lab.ts';
import { accuracyOf, confusionOf } from '../../../../shared/study/set-study.ts';
import { createToyFiles } from '../../../support/toy-dataset.ts';
import { toyConfig } from '../../../support/toy-run.ts';

const { manifest, contents } = createToyFiles();
const dataset = createDataset(manifest, contents);
const input = { height: 4, width: 5, channels: 1 };
const CONVOLUTIONAL = [
  { type: 'conv2d', filters: 5, kernel: 3 },
  { type: 'batch-norm' },
  { type: 'activation', function: 'relu' },
  { type: 'max-pool', size: 2 },
  { type: 'dropout', rate: 0.2 },
  { type: 'dense', outputs: 3 },
].map((layer) => LayerSpec.parse(layer));

const NETS: [string, Partial<RunConfig>][] = [
  ['dense', { model: { input, layers: multilayerPerceptron([7], 'sigmoid', 3) } }],
  ['dense, squared error', { loss: 'squared-error' }],
  ['dense, bfloat16 on the wire', { wire: 'bf16' }],
  ['convolutional', { model: { input, layers: CONVOLUTIONAL } }],
];

describe.for(NETS)('a %s net', ([, overrides]) => {
  const config = toyConfig(dataset, overrides);
  const plan = planModel(config.model);
  const engine = openEngine('strict');
  const lab = createNetLab(engine, plan, config);
  const parameters = initialParameters(plan, 'glorot', 3);
  lab.load(parameters);
  const { test: set } = dataset;
  const inputs = dataset.inputCount;
  const study = (index: number) =>
    lab.studyExample(set.inputs.subarray(index * inputs, (index + 1) * inputs), set.labels[index]);

  test('is studied with the losses and predictions of an evaluation', async () => {
    const evaluation = await evaluateSet(
      engine,
      config,
      plan,
      parameters,
      set,
      new AbortController().signal,
    );
    const found = lab.studySet(set);
    expect(confusionOf(found, 3)).toEqual(evaluation.confusion);
    expect(accuracyOf(found)).toBe(evaluation.accuracy);
    const sum = found.losses.reduce((total, loss) => total + loss, 0);
    expect(sum / set.count).toBe(evaluation.loss);
  });

  test('gives one example the same loss and prediction as among others', () => {
    const { losses, predictions, confidences } = lab.studySet(set);
    for (const index of [0, 1, 249, 250, set.count - 1]) {
      const { loss, prediction, outputs, label } = study(index);
      expect(loss).toBe(losses[index]);
      expect(prediction).toBe(predictions[index]);
      expect(outputs[prediction]).toBe(confidences[index]);
      expect(label).toBe(set.labels[index]);
    }
  });

  test('has outputs that differ from the targets by the deltas of the last layer', () => {
    const { outputs, targets, layers, pixels } = study(5);
    const { deltas, planned } = layers[layers.length - 1];
    expect(planned.spec.type).toBe('dense');
    expect(deltas).toHaveLength(3);
    for (const [i, output] of outputs.entries())
      expect(output - targets[i]).toBeCloseTo(deltas[i], 6);
    expect(pixels[3]).toBe(Math.fround(set.inputs[5 * inputs + 3] / 255));
  });

  test('has a mean gradient over a set: the mean of the gradients of its examples', () => {
    const count = 260;
    const some = { ...set, count };
    const sum = new Float64Array(plan.trainedCount);
    for (let i = 0; i < count; i++) {
      const { gradient } = study(i);
      for (let k = 0; k < sum.length; k++) sum[k] += gradient[k];
    }
    const mean = lab.meanGradient(some);
    for (const [k, value] of sum.entries()) expect(mean[k]).toBeCloseTo(value / count, 5);
  });

  test('has a gradient: a small step against it lowers the loss by its squared norm', () => {
    const { gradient, loss } = study(7);
    const rate = 1e-4;
    const trained = gradient.subarray(0, plan.trainedCount);
    const square = trained.reduce((sum, value) => sum + value * value, 0);
    expect(square).toBeGreaterThan(0);
    const small = Math.sqrt(rate / square);
    lab.load(parameters.map((value, i) => value - small * (gradient[i] ?? 0)));
    const decrease = loss - study(7).loss;
    lab.load(parameters);
    if (config.wire === 'f32') expect(decrease / (small * square)).toBeCloseTo(1, 1);
  });
});

test('outputs of cross-entropy are probabilities', () => {
  const config = toyConfig(dataset);
  const lab = createNetLab(openEngine('strict'), planModel(config.model), config);
  lab.load(initialParameters(lab.plan, 'glorot', 3));
  const { outputs, logits } = lab.studyExample(
    dataset.test.inputs.subarray(0, dataset.inputCount),
    1,
  );
  const powers = [...logits].map(Math.exp);
  const sum = powers.reduce((a, b) => a + b);
  for (const [i, output] of outputs.entries()) expect(output).toBeCloseTo(powers[i] / sum, 6);
});
