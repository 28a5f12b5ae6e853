import { assert } from '../../assert.ts';
import { randomKey, threefry2x32, type Words } from '../../random.ts';
import type { Engine } from '../engine.ts';
import type { Layer } from './layer.ts';
import { type PlannedLayer, sizeOfShape } from './layer-plan.ts';

/**
 * In training, sets each value to 0 with probability `rate` and scales the other values up, so that
 * the mean stays the same. Whether a value is dropped depends only on (seed, layer, epoch, example,
 * value). In evaluation the layer returns its input.
 * (N. Srivastava et al., "Dropout: a simple way to prevent neural networks from overfitting",
 * 2014.)
 */
export function createDropout(
  engine: Engine,
  { spec, output }: PlannedLayer,
  rowsMax: number,
  { seed, index }: { seed: number; index: number },
): Layer {
  const { kernels } = engine;
  assert(spec.type === 'dropout', 'planned as dropout');
  const width = sizeOfShape(output);
  const key: Words = randomKey(seed, 'dropout', index);
  const rowKeys = engine.allocateWords(2 * rowsMax);
  const factors = engine.allocate(rowsMax * width);
  const y = engine.allocate(rowsMax * width);
  const dx = engine.allocate(rowsMax * width);

  return {
    forward(_parameters, x, { rows, training }) {
      if (!training) return x;
      for (let row = 0; row < rows; row++) {
        rowKeys.set(threefry2x32(key, [training.epoch, training.examples[row]]), 2 * row);
      }
      kernels.dropoutFactors(rowKeys, factors, rows, width, spec.rate);
      kernels.multiply(x, factors, y, rows * width);
      return y;
    },

    backward(_parameters, dy, _gradient, { rows, training }) {
      if (!training) return dy;
      kernels.multiply(dy, factors, dx, rows * width);
      return dx;
    },
  };
}
