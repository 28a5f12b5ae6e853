import type { Engine } from '../engine/engine.ts';
import { viewOf } from '../engine/layers/layer.ts';
import { sizeOfShape } from '../engine/layers/layer-plan.ts';
import type { LayerOutput } from '../engine/model/model.ts';
import type { ModelPlan } from '../engine/model/model-plan.ts';

/**
 * Computes the derivative of each value of a layer by the value before it, in evaluation, with the
 * kernels of a backward pass. Undefined for layers that add up many values. `input` and the
 * layer's output are buffers of the engine with one example. The result is a copy.
 */
export type SlopesOf = (
  layer: LayerOutput,
  input: Float32Array,
  parameters: Float32Array,
) => Float32Array | undefined;

export function createSlopes({ kernels, allocate }: Engine, { layers }: ModelPlan): SlopesOf {
  const size = Math.max(...layers.map(({ output }) => sizeOfShape(output)));
  const ones = allocate(size).fill(1);
  const zeros = allocate(size);
  const slopes = allocate(size);
  return ({ planned, values }, input, parameters) => {
    const { spec, output, tensors } = planned;
    const count = sizeOfShape(output);
    switch (spec.type) {
      case 'activation':
        kernels.activateBackward(spec.function, input, values, ones, slopes, count);
        break;
      case 'batch-norm': {
        const [scale, , , variance] = tensors.map((tensor) => viewOf(parameters, tensor));
        const affine = { scale, shift: zeros };
        const pixels = output.height * output.width;
        kernels.normalizeBy(ones, affine, slopes, zeros, variance, pixels, output.channels);
        break;
      }
      case 'dropout':
        return new Float32Array(count).fill(1);
      default:
        return undefined;
    }
    return slopes.slice(0, count);
  };
}
