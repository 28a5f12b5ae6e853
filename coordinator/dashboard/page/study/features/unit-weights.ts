import { sizeOf, viewOf } from '../../../../../shared/engine/layers/layer.ts';
import type { PlannedLayer, Shape } from '../../../../../shared/engine/layers/layer-plan.ts';
import type { ModelPlan } from '../../../../../shared/engine/model/model-plan.ts';

/** What a picture shows of a unit with several input channels, at each place. */
export type ChannelView = 'mean' | 'strongest';

/** These change neither the number nor the order of values. */
const KEEPS_PLACES = ['flatten', 'activation', 'dropout'];

/**
 * The shape [height, width, channels] of the weights of one unit of a dense layer or convolution.
 * Undefined if its inputs have no place in an image.
 */
export function weightShape({ layers }: Pick<ModelPlan, 'layers'>, name: string) {
  let index = layers.findIndex((layer) => layer.name === name);
  const { spec, input } = layers[index];
  if (spec.type === 'conv2d')
    return { height: spec.kernel, width: spec.kernel, channels: input.channels };
  // A flattened image is still an image.
  while (index > 0 && KEEPS_PLACES.includes(layers[index - 1].spec.type)) index--;
  const shape: Shape = layers[index].input;
  return shape.height * shape.width > 1 ? shape : undefined;
}

/** The norm of each unit's weights, without the bias. */
export function unitNorms({ tensors: [weight], output }: PlannedLayer, parameters: Float32Array) {
  const { channels } = output;
  const values = viewOf(parameters, weight);
  const sums = new Float64Array(channels);
  for (let i = 0; i < values.length; i++) sums[i % channels] += values[i] ** 2;
  return sums.map(Math.sqrt);
}

/** The weights of one unit [height, width]: of all input channels the mean, or the strongest. */
export function unitPicture(
  { tensors: [weight], output }: PlannedLayer,
  parameters: Float32Array,
  unit: number,
  { height, width, channels }: Shape,
  view: ChannelView,
): Float32Array {
  const values = viewOf(parameters, weight);
  return Float32Array.from({ length: height * width }, (_, place) => {
    let [sum, strongest] = [0, 0];
    for (let channel = 0; channel < channels; channel++) {
      const value = values[(place * channels + channel) * output.channels + unit];
      sum += value;
      if (Math.abs(value) > Math.abs(strongest)) strongest = value;
    }
    return view === 'mean' ? sum / channels : strongest;
  });
}

/** The root of the mean square of a layer's weights: the scale of its pictures. */
export function weightScale({ tensors: [weight] }: PlannedLayer, parameters: Float32Array): number {
  const sum = viewOf(parameters, weight).reduce((all, value) => all + value * value, 0);
  return Math.sqrt(sum / sizeOf(weight.shape));
}
