import type { Activation, Kernels } from './kernels.ts';
import type { Layer } from './layer.ts';

/** y = activation(x), elementwise over rows of `width` values; no parameters. */
export function createActivation(
  kernels: Kernels,
  activation: Activation,
  width: number,
  rowsMax: number,
): Layer {
  const y = new Float32Array(rowsMax * width);
  const dx = new Float32Array(rowsMax * width);

  return {
    forward(_parameters, x, rows) {
      kernels.activate(activation, x, y, rows * width);
      return y;
    },

    backward(_parameters, dy, _gradient, rows) {
      kernels.activateBackward(activation, y, dy, dx, rows * width);
      return dx;
    },
  };
}
