import type { Engine } from '../engine.ts';
import { type Layer, viewOf } from './layer.ts';
import type { PlannedLayer } from './layer-plan.ts';

/** The layer y = x · weight + bias. */
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

    backward(parameters, dy, gradient, { leafSizes, bfloat16LeavesMin, rows }, needsInputGradient) {
      kernels.matmulTransposedA(
        x,
        dy,
        viewOf(gradient, weight),
        inputs,
        outputs,
        leafSizes,
        bfloat16LeavesMin,
      );
      kernels.sumRows(dy, viewOf(gradient, bias), outputs, leafSizes, bfloat16LeavesMin);
      if (needsInputGradient) {
        kernels.matmulTransposedB(dy, viewOf(parameters, weight), dx, rows, inputs, outputs);
      }
      return dx;
    },
  };
}
