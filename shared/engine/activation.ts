import type { Engine } from './engine.ts';
import type { Activation } from './kernels.ts';
import { type Layer, rowCount } from './layer.ts';

/** y = activation(x), elementwise over rows of `width` values; no parameters. */
export function createActivation(
  engine: Engine,
  activation: Activation,
  width: number,
  rowsMax: number,
): Layer {
  const { kernels } = engine;
  const y = engine.allocate(rowsMax * width);
  const dx = engine.allocate(rowsMax * width);

  return {
    forward(_parameters, x, rows) {
      kernels.activate(activation, x, y, rows * width);
      return y;
    },

    backward(_parameters, dy, _gradient, leafSizes) {
      kernels.activateBackward(activation, y, dy, dx, rowCount(leafSizes) * width);
      return dx;
    },
  };
}
