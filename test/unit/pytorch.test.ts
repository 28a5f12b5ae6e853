import { describe, expect, test } from 'vitest';
import { ACTIVATIONS } from '../../shared/engine/kernels.ts';
import { createModel, LOSSES, STATISTIC_COUNT } from '../../shared/engine/model.ts';
import { createOptimizer, type OptimizerSpec } from '../../shared/engine/optimizers.ts';
import figures from '../fixtures/pytorch-figures.json' with { type: 'json' };
import { naiveEngine } from '../support/toy-run.ts';

const { kernels } = naiveEngine;

/** The losses of all rows. */
const sumOfLosses = (statistics: Float32Array): number =>
  statistics.reduce((sum, value, i) => (i % STATISTIC_COUNT === 0 ? sum + value : sum), 0);

/** f32 figures that were computed in another order of operations. */
function expectClose(actual: Iterable<number>, expected: readonly number[], tolerance = 2e-6): void {
  const values = Array.from(actual);
  expect(values).toHaveLength(expected.length);
  for (const [i, value] of values.entries()) {
    expect(Math.abs(value - expected[i]), `${value} for ${expected[i]}`).toBeLessThan(
      tolerance * (1 + Math.abs(expected[i])),
    );
  }
}

describe('activations and their gradients are those of PyTorch', () => {
  const x = Float32Array.from(figures.activations.x);
  const dy = Float32Array.from(figures.activations.dy);
  test.for(ACTIVATIONS)('%s', (activation) => {
    const y = new Float32Array(x.length);
    const dx = new Float32Array(x.length);
    kernels.activate(activation, x, y, x.length);
    kernels.activateBackward(activation, y, dy, dx, x.length);
    expectClose(y, figures.activations[activation].y);
    expectClose(dx, figures.activations[activation].dx);
  });
});

describe('losses and their gradients are those of PyTorch', () => {
  const { logits, labels, rows, classes } = figures.losses;
  test.for(LOSSES)('%s', (loss) => {
    const kernel = loss === 'cross-entropy' ? kernels.softmaxCrossEntropy : kernels.squaredError;
    const dLogits = new Float32Array(rows * classes);
    const statistics = new Float32Array(rows * STATISTIC_COUNT);
    kernel(Float32Array.from(logits), Uint8Array.from(labels), dLogits, statistics, rows, classes);
    expectClose([sumOfLosses(statistics)], [figures.losses[loss].lossSum]);
    expectClose(dLogits, figures.losses[loss].dLogits);
  });
});

describe('optimizers take the steps of PyTorch', () => {
  const specs: OptimizerSpec[] = [
    { name: 'sgd' },
    { name: 'momentum', momentum: 0.9 },
    { name: 'nesterov', momentum: 0.9 },
    { name: 'adam', beta1: 0.9, beta2: 0.999, epsilon: 1e-8 },
  ];
  test.for(specs)('$name', (spec) => {
    const { start, gradients, learningRate } = figures.optimizers;
    const parameters = Float32Array.from(start);
    const optimizer = createOptimizer(naiveEngine, spec, parameters.length);
    for (const [step, gradient] of gradients.entries()) {
      // Four examples with that mean: the optimizer is given sums.
      const gradientSum = Float32Array.from(gradient, (value) => 4 * value);
      optimizer.update({ parameters, gradientSum, exampleCount: 4, rate: learningRate }, step);
      expectClose(parameters, figures.optimizers[spec.name][step]);
    }
  });
});

test('ten steps of training end where those of PyTorch do', () => {
  const { widths, rows, x, labels, start, end, learningRate, momentum, losses } = figures.training;
  const [inputs, ...rest] = widths;
  const outputs = rest.pop() ?? 0;
  const spec = { inputs, hidden: rest, outputs, activation: 'relu' } as const;
  const model = createModel(naiveEngine, spec, 'cross-entropy', rows);
  const parameters = Float32Array.from(start);
  const gradient = new Float32Array(parameters.length);
  const optimizer = createOptimizer(naiveEngine, { name: 'momentum', momentum }, parameters.length);
  for (const [step, batch] of x.entries()) {
    const statistics = model.differentiate(
      parameters,
      Float32Array.from(batch),
      Uint8Array.from(labels[step]),
      Uint32Array.of(rows),
      gradient,
    );
    expectClose([sumOfLosses(statistics) / rows], [losses[step]], 1e-5);
    optimizer.update({ parameters, gradientSum: gradient, exampleCount: rows, rate: learningRate }, step);
  }
  expectClose(parameters, end, 1e-5);
});
