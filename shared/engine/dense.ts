import type { Engine } from './engine.ts';
import { type Layer, rowCount, type TensorLayout, viewOf } from './layer.ts';

/** The parameters of a dense layer: weight [inputs, outputs] and bias [outputs]. */
export interface DenseTensors {
  readonly weight: TensorLayout;
  readonly bias: TensorLayout;
}

/** y = x · weight + bias. */
export function createDense(engine: Engine, { weight, bias }: DenseTensors, rowsMax: number): Layer {
  const { kernels } = engine;
  const [inputs, outputs] = weight.shape;
  const y = engine.allocate(rowsMax * outputs);
  const dx = engine.allocate(rowsMax * inputs);
  let x: Float32Array = new Float32Array(0);

  return {
    forward(parameters, input, rows) {
      x = input;
      kernels.matmul(x, viewOf(parameters, weight), y, rows, outputs, inputs);
      kernels.addBias(y, viewOf(parameters, bias), rows, outputs);
      return y;
    },

    backward(parameters, dy, gradient, leafSizes, needsInputGradient) {
      kernels.matmulTransposedA(x, dy, viewOf(gradient, weight), inputs, outputs, leafSizes);
      kernels.sumRows(dy, viewOf(gradient, bias), outputs, leafSizes);
      if (needsInputGradient) {
        const rows = rowCount(leafSizes);
        kernels.matmulTransposedB(dy, viewOf(parameters, weight), dx, rows, inputs, outputs);
      }
      return dx;
    },
  };
}
