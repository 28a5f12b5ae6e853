import { assert } from '../../assert.ts';
import type { Engine } from '../engine.ts';
import type { Layer } from './layer.ts';
import { type PlannedLayer, sizeOfShape } from './layer-plan.ts';

/**
 * The layer that reduces each window of size × size pixels to one value per channel: the largest or
 * the mean.
 */
export function createPooling(
  engine: Engine,
  { spec, input, output }: PlannedLayer,
  rowsMax: number,
): Layer {
  const { kernels } = engine;
  assert(spec.type === 'max-pool' || spec.type === 'average-pool', 'planned as pooling');
  const isMax = spec.type === 'max-pool';
  const shape = { ...input, size: spec.size, outHeight: output.height, outWidth: output.width };
  const y = engine.allocate(rowsMax * sizeOfShape(output));
  const dx = engine.allocate(rowsMax * sizeOfShape(input));
  let x: Float32Array = y;

  return {
    forward(_parameters, images, { rows }) {
      x = images;
      if (isMax) kernels.maxPool(shape, x, y, rows);
      else kernels.averagePool(shape, x, y, rows);
      return y;
    },

    backward(_parameters, dy, _gradient, { rows }) {
      if (isMax) kernels.maxPoolBackward(shape, x, y, dy, dx, rows);
      else kernels.averagePoolBackward(shape, dy, dx, rows);
      return dx;
    },
  };
}
