import type { Kernels } from './kernels.ts';
import { type Layer, type TensorLayout, viewOf } from './layer.ts';

/** The parameters of a dense layer: weight [inputs, outputs] and bias [outputs]. */
export interface DenseTensors {
  readonly weight: TensorLayout;
  readonly bias: TensorLayout;
}

/** y = x · weight + bias. */
export function createDense(kernels: Kernels, { weight, bias }: DenseTensors, rowsMax: number): Layer {
  const [inputs, outputs] = weight.shape;
  const y = new Float32Array(rowsMax * outputs);
  const dx = new Float32Array(rowsMax * inputs);
  let x: Float32Array = new Float32Array(0);

  return {
    forward(parameters, input, rows) {
      x = input;
      kernels.matmul(x, viewOf(parameters, weight), y, rows, outputs, inputs);
      kernels.addBias(y, viewOf(parameters, bias), rows, outputs);
      return y;
    },

    backward(parameters, dy, gradient, rows, needsInputGradient) {
      kernels.matmulTransposedA(x, dy, viewOf(gradient, weight), inputs, outputs, rows);
      kernels.sumRows(dy, viewOf(gradient, bias), rows, outputs);
      if (needsInputGradient) {
        kernels.matmulTransposedB(dy, viewOf(parameters, weight), dx, rows, inputs, outputs);
      }
      return dx;
    },
  };
}
