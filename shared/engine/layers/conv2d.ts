import { assert } from '../../assert.ts';
import type { Engine } from '../engine.ts';
import { type Layer, viewOf } from './layer.ts';
import { type PlannedLayer, sizeOfShape } from './layer-plan.ts';

/**
 * The layer that multiplies each patch of an image with each filter and adds the filter's bias.
 * Images are [height, width, channels].
 */
export function createConv2d(engine: Engine, planned: PlannedLayer, rowsMax: number): Layer {
  const { kernels } = engine;
  const { spec, input, output, tensors } = planned;
  assert(spec.type === 'conv2d', 'planned as a convolution');
  const [weight, bias] = tensors;
  const shape = {
    ...input,
    filters: spec.filters,
    kernel: spec.kernel,
    stride: spec.stride,
    padding: spec.padding === 'same' ? (spec.kernel - 1) / 2 : 0,
    outHeight: output.height,
    outWidth: output.width,
  };
  const positions = output.height * output.width;
  const y = engine.allocate(rowsMax * sizeOfShape(output));
  const dx = engine.allocate(rowsMax * sizeOfShape(input));
  let x: Float32Array = y;

  return {
    forward(parameters, images, { rows }) {
      x = images;
      kernels.convolve(shape, x, viewOf(parameters, weight), y, rows);
      kernels.addBias(y, viewOf(parameters, bias), rows * positions, spec.filters);
      return y;
    },

    backward(parameters, dy, gradient, { leafSizes, bfloat16LeavesMin, rows }, needsInputGradient) {
      kernels.convolveBackwardWeight(
        shape,
        x,
        dy,
        viewOf(gradient, weight),
        leafSizes,
        bfloat16LeavesMin,
      );
      const pixels = leafSizes.map((size) => size * positions);
      kernels.sumRows(dy, viewOf(gradient, bias), spec.filters, pixels, bfloat16LeavesMin);
      if (needsInputGradient) {
        kernels.convolveBackwardInput(shape, dy, viewOf(parameters, weight), dx, rows);
      }
      return dx;
    },
  };
}
