import { describe, test } from 'vitest';
import type { Engine } from '../../../../../shared/engine/engine.ts';
import { ACTIVATIONS } from '../../../../../shared/engine/kernels.ts';
import { createActivation } from '../../../../../shared/engine/layers/activation.ts';
import { createBatchNorm } from '../../../../../shared/engine/layers/batch-norm.ts';
import { createConv2d } from '../../../../../shared/engine/layers/conv2d.ts';
import { createDense } from '../../../../../shared/engine/layers/dense.ts';
import { createDropout } from '../../../../../shared/engine/layers/dropout.ts';
import type { Batch, Layer } from '../../../../../shared/engine/layers/layer.ts';
import { type PlannedLayer, sizeOfShape } from '../../../../../shared/engine/layers/layer-plan.ts';
import { LayerSpec } from '../../../../../shared/engine/layers/layer-spec.ts';
import { createPooling } from '../../../../../shared/engine/layers/pooling.ts';
import { planModel } from '../../../../../shared/engine/model/model-plan.ts';
import { permutation } from '../../../../../shared/random.ts';
import {
  BATCH,
  expectGradient,
  numericGradient,
  ROWS,
} from '../../../../support/numeric-gradient.ts';
import { createDraws } from '../../../../support/simulation/draws.ts';
import { naiveEngine } from '../../../../support/toy-run.ts';

const dot = (a: Float32Array, b: Float32Array): number => {
  let sum = 0;
  for (let i = 0; i < b.length; i++) sum += a[i] * b[i];
  return sum;
};

/** Checks dx and the parameter gradient of a layer against differences of dy · forward(x). */
function checkLayer(
  spec: LayerSpec,
  create: (engine: Engine, planned: PlannedLayer, rowsMax: number) => Layer,
  batch: Batch = BATCH,
): void {
  const model = {
    input: { height: 5, width: 4, channels: 3 },
    layers: [spec, { type: 'dense', outputs: 2 } as const],
  };
  const [planned] = planModel(model).layers;
  const layer = create(naiveEngine, planned, ROWS);
  const draws = createDraws(5);
  // Random order. The values keep a distance from 0, where ReLU has a corner. They keep a distance
  // from each other, because the largest value of a pooling window must not change.
  const order = permutation([1, 2], ROWS * sizeOfShape(planned.input));
  const x = Float32Array.from(order, (rank) => (rank % 2 === 0 ? 1 : -1) * (0.05 + 0.02 * rank));
  const dy = draws.floats(ROWS * sizeOfShape(planned.output));
  // The tensors of the second layer follow those of the first layer. Running averages come last.
  const parameters = draws.floats(planModel(model).parameterCount);
  const { trainedCount } = planModel(model);
  // No variance is negative.
  for (let i = trainedCount; i < parameters.length; i++) parameters[i] = Math.abs(parameters[i]);
  const gradient = new Float32Array(parameters.length);
  layer.forward(parameters, x, batch);
  const dx = layer.backward(parameters, dy, gradient, batch, true).slice(0, x.length);
  const weighted = () => dot(layer.forward(parameters, x, batch), dy);
  expectGradient(dx, numericGradient(x, weighted));
  const trained = parameters.subarray(0, trainedCount);
  expectGradient(gradient.subarray(0, trained.length), numericGradient(trained, weighted));
}

describe('the gradient equals central differences', () => {
  const layer = (spec: unknown) => LayerSpec.parse(spec);

  test('for a dense layer', () => checkLayer(layer({ type: 'dense', outputs: 4 }), createDense));

  test.for([
    { kernel: 3 },
    { kernel: 3, padding: 'valid' },
    { kernel: 3, stride: 2 },
    { kernel: 2, stride: 3, padding: 'valid' },
    { kernel: 1 },
  ])('for a conv2d layer with %j', (settings) =>
    checkLayer(layer({ type: 'conv2d', filters: 2, ...settings }), createConv2d),
  );

  test.for(['max-pool', 'average-pool'])('for a layer of type %s', (type) =>
    checkLayer(layer({ type, size: 2 }), createPooling),
  );

  test('for a dropout layer', () =>
    checkLayer(layer({ type: 'dropout', rate: 0.4 }), (engine, planned, rowsMax) =>
      createDropout(engine, planned, rowsMax, { seed: 1, index: 0 }),
    ));

  test('for a batch-norm layer', () => checkLayer(layer({ type: 'batch-norm' }), createBatchNorm));

  const evaluation = { ...BATCH, training: undefined };

  test('for a batch-norm layer by its running averages', () =>
    checkLayer(layer({ type: 'batch-norm' }), createBatchNorm, evaluation));

  test('for a dropout layer that drops nothing', () =>
    checkLayer(
      layer({ type: 'dropout', rate: 0.4 }),
      (engine, planned, rowsMax) => createDropout(engine, planned, rowsMax, { seed: 1, index: 0 }),
      evaluation,
    ));

  test.for(ACTIVATIONS)('for the activation %s', (activation) =>
    checkLayer(layer({ type: 'activation', function: activation }), createActivation),
  );
});
