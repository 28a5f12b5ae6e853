import { describe, expect, test } from 'vitest';
import { ACTIVATIONS } from '../../../../shared/engine/kernels.ts';
import type { Batch } from '../../../../shared/engine/layers/layer.ts';
import type { LayerSpec } from '../../../../shared/engine/layers/layer-spec.ts';
import { createModel, HUBER_DELTA } from '../../../../shared/engine/model/model.ts';
import { planModel } from '../../../../shared/engine/model/model-plan.ts';
import { multilayerPerceptron } from '../../../../shared/engine/model/presets.ts';
import type { OptimizerSpec } from '../../../../shared/engine/optimizer-spec.ts';
import { createOptimizer } from '../../../../shared/engine/optimizers.ts';
import figures from '../../../fixtures/pytorch-figures.json' with { type: 'json' };
import { naiveEngine } from '../../../support/toy-run.ts';

const { kernels } = naiveEngine;

const PLAIN_LOSS = { loss: 'cross-entropy', labelSmoothing: 0, seed: 1 } as const;

const batchOf = (rows: number): Batch => ({
  leafSizes: Uint32Array.of(rows),
  rows,
  training: { epoch: 0, examples: new Uint32Array(rows) },
});

/** The sum of the losses of all rows. */
const sumOfLosses = (lossAndCorrect: Float32Array): number =>
  lossAndCorrect.reduce((sum, value, i) => (i % 2 === 0 ? sum + value : sum), 0);

/** Expects figures that f32 operations gave in another order. The tolerance is relative. */
function expectClose(
  actual: Iterable<number>,
  expected: readonly number[],
  tolerance = 2e-6,
): void {
  const values = Array.from(actual);
  expect(values).toHaveLength(expected.length);
  for (const [i, value] of values.entries()) {
    expect(Math.abs(value - expected[i]), `${value} for ${expected[i]}`).toBeLessThan(
      tolerance * (1 + Math.abs(expected[i])),
    );
  }
}

describe('activations and their gradients match PyTorch', () => {
  const x = Float32Array.from(figures.activations.x);
  const dy = Float32Array.from(figures.activations.dy);
  test.for(ACTIVATIONS)('for %s', (activation) => {
    const y = new Float32Array(x.length);
    const dx = new Float32Array(x.length);
    kernels.activate(activation, x, y, x.length);
    kernels.activateBackward(activation, x, y, dy, dx, x.length);
    expectClose(y, figures.activations[activation].y);
    expectClose(dx, figures.activations[activation].dx);
  });
});

describe('losses and their gradients match PyTorch', () => {
  const { logits, labels, rows, classes } = figures.losses;
  test.for([
    ['cross-entropy', kernels.softmaxCrossEntropy, 0],
    ['smoothed', kernels.softmaxCrossEntropy, 0.1],
    ['squared-error', kernels.squaredError, 0],
  ] as const)('for %s', ([loss, kernel, smoothing]) => {
    const dLogits = new Float32Array(rows * classes);
    const lossAndCorrect = new Float32Array(rows * 2);
    kernel(
      Float32Array.from(logits),
      Float32Array.from(labels),
      dLogits,
      lossAndCorrect,
      rows,
      classes,
      smoothing,
    );
    expectClose([sumOfLosses(lossAndCorrect)], [figures.losses[loss].lossSum]);
    expectClose(dLogits, figures.losses[loss].dLogits);
  });
});

describe('losses of numbers and their gradients match PyTorch', () => {
  const { outputs, targets } = figures.regression;
  test.for([
    ['squared-error', Number.POSITIVE_INFINITY],
    ['huber', HUBER_DELTA],
  ] as const)('for %s', ([loss, delta]) => {
    const rows = outputs.length;
    const [dOutputs, measures] = [new Float32Array(rows), new Float32Array(3 * rows)];
    const [given, right] = [outputs, targets].map((values) => Float32Array.from(values));
    kernels.huber(given, right, dOutputs, measures, rows, delta);
    const sumOf = (column: number) =>
      measures.reduce((sum, value, i) => (i % 3 === column ? sum + value : sum), 0);
    expectClose([sumOf(0)], [figures.regression[loss].lossSum]);
    expectClose(dOutputs, figures.regression[loss].dOutputs);
    expectClose([sumOf(1), sumOf(2)], [figures.regression.squares, figures.regression.sizes]);
  });
});

test('the loss and gradient of a net for color images and a number match PyTorch', () => {
  const { rows, x, targets, parameters, lossSum, gradient: expected } = figures.colors;
  const spec = {
    input: { height: 6, width: 5, channels: 3 },
    layers: [
      { type: 'conv2d', filters: 4, kernel: 3, stride: 1, padding: 'same' },
      { type: 'activation', function: 'relu' },
      { type: 'max-pool', size: 2 },
      { type: 'dense', outputs: 1 },
    ] satisfies LayerSpec[],
  };
  const options = { loss: 'huber', labelSmoothing: 0, seed: 1 } as const;
  const model = createModel(naiveEngine, planModel(spec), options, rows);
  const gradient = new Float32Array(parameters.length);
  const [weights, images, right] = [parameters, x, targets].map((all) => Float32Array.from(all));
  const measures = model.differentiate(weights, images, right, batchOf(rows), gradient);
  const losses = measures.filter((_, i) => i % 3 === 0);
  expectClose([losses.reduce((sum, loss) => sum + loss)], [lossSum], 1e-5);
  expectClose(gradient, expected, 1e-5);
});

describe('optimizer steps match PyTorch', () => {
  const moments = { beta1: 0.9, beta2: 0.999, epsilon: 1e-8 };
  const cases: [figure: keyof typeof figures.optimizers, OptimizerSpec, weightDecay: number][] = [
    ['sgd', { name: 'sgd' }, 0],
    ['momentum', { name: 'momentum', momentum: 0.9 }, 0],
    ['nesterov', { name: 'nesterov', momentum: 0.9 }, 0],
    ['adam', { name: 'adam', ...moments }, 0],
    ['adamw', { name: 'adamw', ...moments }, 0.1],
    ['rmsprop', { name: 'rmsprop', beta: 0.99, epsilon: 1e-8 }, 0],
    ['adagrad', { name: 'adagrad', epsilon: 1e-10 }, 0],
    ['decayed', { name: 'momentum', momentum: 0.9 }, 0.1],
  ];
  test.for(cases)('for %s', ([figure, spec, weightDecay]) => {
    const expected = figures.optimizers[figure] as number[][];
    const { start, gradients, learningRate } = figures.optimizers;
    const parameters = Float32Array.from(start);
    const optimizer = createOptimizer(naiveEngine, spec, parameters.length);
    for (const [step, gradient] of gradients.entries()) {
      // The optimizer takes sums. This is the sum of four examples with that mean.
      const gradientSum = Float32Array.from(gradient, (value) => 4 * value);
      const scales = { exampleCount: 4, rate: learningRate, gradientScale: 1, weightDecay };
      optimizer.update({ parameters, gradientSum, ...scales }, step);
      expectClose(parameters, expected[step]);
    }
  });
});

test('ten steps of training end with the parameters of PyTorch', () => {
  const { widths, rows, x, labels, start, end, learningRate, momentum, losses } = figures.training;
  const spec = {
    input: { height: 1, width: widths[0], channels: 1 },
    layers: multilayerPerceptron(widths.slice(1, -1), 'relu', widths[widths.length - 1]),
  };
  const model = createModel(naiveEngine, planModel(spec), PLAIN_LOSS, rows);
  const parameters = Float32Array.from(start);
  const gradient = new Float32Array(parameters.length);
  const optimizer = createOptimizer(naiveEngine, { name: 'momentum', momentum }, parameters.length);
  for (const [step, batch] of x.entries()) {
    const lossAndCorrect = model.differentiate(
      parameters,
      Float32Array.from(batch),
      Float32Array.from(labels[step]),
      batchOf(rows),
      gradient,
    );
    expectClose([sumOfLosses(lossAndCorrect) / rows], [losses[step]], 1e-5);
    const scales = { exampleCount: rows, rate: learningRate, gradientScale: 1, weightDecay: 0 };
    optimizer.update({ parameters, gradientSum: gradient, ...scales }, step);
  }
  expectClose(parameters, end, 1e-5);
});

test('the loss and gradient of a convolutional net match PyTorch', () => {
  const {
    rows,
    height,
    width,
    x,
    labels,
    parameters: start,
    lossSum,
    gradient: expected,
  } = figures.convolutions;
  const activation: LayerSpec = { type: 'activation', function: 'relu' };
  const spec = {
    input: { height, width, channels: 1 },
    layers: [
      { type: 'conv2d', filters: 4, kernel: 3, stride: 1, padding: 'same' },
      { type: 'batch-norm' },
      activation,
      { type: 'max-pool', size: 2 },
      { type: 'conv2d', filters: 5, kernel: 3, stride: 2, padding: 'valid' },
      activation,
      { type: 'average-pool', size: 1 },
      { type: 'flatten' },
      { type: 'dense', outputs: 3 },
    ] satisfies LayerSpec[],
  };
  const model = createModel(naiveEngine, planModel(spec), PLAIN_LOSS, rows);
  const parameters = new Float32Array(planModel(spec).parameterCount);
  parameters.set(start);
  const gradient = new Float32Array(parameters.length);
  const images = Float32Array.from(x);
  const lossAndCorrect = model.differentiate(
    parameters,
    images,
    Float32Array.from(labels),
    batchOf(rows),
    gradient,
  );
  expectClose([sumOfLosses(lossAndCorrect)], [lossSum], 1e-5);
  expectClose(gradient.subarray(0, planModel(spec).trainedCount), expected, 1e-5);
});
