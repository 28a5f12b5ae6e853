import { assert } from '../../assert.ts';
import type { Engine } from '../engine.ts';
import type { Layer } from './layer.ts';
import { type PlannedLayer, sizeOfShape } from './layer-plan.ts';

/** The layer y = activation(x), elementwise. It has no parameters. */
export function createActivation(
  engine: Engine,
  { spec, output }: PlannedLayer,
  rowsMax: number,
): Layer {
  const { kernels } = engine;
  assert(spec.type === 'activation', 'planned as an activation');
  const { function: activation } = spec;
  const width = sizeOfShape(output);
  const y = engine.allocate(rowsMax * width);
  const dx = engine.allocate(rowsMax * width);
  let x: Float32Array = y;

  return {
    forward(_parameters, input, { rows }) {
      x = input;
      kernels.activate(activation, x, y, rows * width);
      return y;
    },

    backward(_parameters, dy, _gradient, { rows }) {
      kernels.activateBackward(activation, x, y, dy, dx, rows * width);
      return dx;
    },
  };
}
