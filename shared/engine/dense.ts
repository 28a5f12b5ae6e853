import type { Engine } from './engine.ts';
import { type Layer, viewOf } from './layer.ts';
import type { PlannedLayer } from './model-spec.ts';

/** y = x · weight + bias. */
export function createDense(engine: Engine, { tensors }: PlannedLayer, rowsMax: number): Layer {
  const { kernels } = engine;
  const [weight, bias] = tensors;
  const [inputs, outputs] = weight.shape;
  const y = engine.allocate(rowsMax * outputs);
  const dx = engine.allocate(rowsMax * inputs);
  let x: Float32Array = y;

  return {
    forward(parameters, input, { rows }) {
      x = input;
      kernels.matmul(x, viewOf(parameters, weight), y, rows, outputs, inputs);
      kernels.addBias(y, viewOf(parameters, bias), rows, outputs);
      return y;
    },

    backward(parameters, dy, gradient, { leafSizes, narrowFrom, rows }, needsInputGradient) {
      kernels.matmulTransposedA(x, dy, viewOf(gradient, weight), inputs, outputs, leafSizes, narrowFrom);
      kernels.sumRows(dy, viewOf(gradient, bias), outputs, leafSizes, narrowFrom);
      if (needsInputGradient) {
        kernels.matmulTransposedB(dy, viewOf(parameters, weight), dx, rows, inputs, outputs);
      }
      return dx;
    },
  };
}
