import { viewOf } from '../../../shared/engine/layers/layer.ts';
import {
  type PlannedLayer,
  type Shape,
  sizeOfShape,
} from '../../../shared/engine/layers/layer-plan.ts';
import type { LayerSpec } from '../../../shared/engine/layers/layer-spec.ts';
import type { ModelPlan } from '../../../shared/engine/model/model-plan.ts';
import type { NamedTensor } from '../../run-folder/safetensors.ts';

/*
 * A trained model in the layout of PyTorch and ONNX.
 *
 *                 here                            there
 *     images      [height, width, channels]       [channels, height, width]
 *     conv2d      [kernel, kernel, in, out]       [out, in, kernel, kernel]
 *     dense       [in, out]                       [out, in]
 *
 * Flattening an image keeps the order of its values in memory, so the values of a flattened image
 * have another order there. The layers that read them, up to the next dense layer, are reordered.
 * PyTorch and ONNX tell images from vectors: a layer that flattens, or makes a vector an image of
 * one pixel, is put in where a model here needs none.
 */

/** A layer of such a model. */
export interface PortableLayer {
  /** The name in the run. A layer that was put in has the name of the next one, with a prefix. */
  readonly name: string;
  readonly spec: LayerSpec | { readonly type: 'unflatten' };
  readonly input: Shape;
  readonly output: Shape;
  /** Whether its output is [rows, channels, height, width]. Otherwise it is [rows, channels]. */
  readonly isImage: boolean;
  /** With the names that PyTorch gives them, such as `conv1.weight` and `norm1.running_mean`. */
  readonly tensors: readonly NamedTensor[];
}

/** For each value in the order of PyTorch, its index in the order of Lockstep. */
type Order = readonly number[];

/** Converts a model with its flat parameters. */
export function portableModel(model: ModelPlan, parameters: Float32Array): PortableLayer[] {
  const layers: PortableLayer[] = [];
  // Features are a vector from the first layer on.
  let isImage = !isTable(model.spec.input);
  let order = identity(model.spec.input.channels);
  for (const planned of model.layers) {
    const { name, spec, input, output } = planned;
    if (isImage && (spec.type === 'dense' || spec.type === 'flatten')) {
      order = channelsFirst(input);
      isImage = false;
      if (spec.type === 'dense') layers.push(flattening(name, input));
    } else if (!isImage && isForImages(spec.type)) {
      isImage = true;
      const unflatten = { type: 'unflatten' } as const;
      const place = { name: `unflatten_${name}`, input, output: input };
      layers.push({ ...place, spec: unflatten, isImage, tensors: [] });
    }
    const tensors = portableTensors(planned, order, parameters);
    layers.push({ name, spec, input, output, isImage, tensors });
    if (spec.type === 'dense' || spec.type === 'conv2d') order = identity(output.channels);
  }
  return layers;
}

/** Whether the inputs are the features of rows, not images. */
export const isTable = ({ height, width }: Shape): boolean => height * width === 1;

/** What turns an output into a number in the unit of the target: output · deviation + mean. */
export interface PortableTarget {
  readonly name: string;
  readonly mean: number;
  readonly deviation: number;
}

/** The zeros that a convolution puts around an image, on each side. */
export const paddingOf = ({ kernel, padding }: Extract<LayerSpec, { type: 'conv2d' }>): number =>
  padding === 'same' ? (kernel - 1) / 2 : 0;

const isForImages = (type: LayerSpec['type']): boolean =>
  type === 'conv2d' || type === 'max-pool' || type === 'average-pool';

function flattening(name: string, input: Shape): PortableLayer {
  const output = { height: 1, width: 1, channels: sizeOfShape(input) };
  const spec = { type: 'flatten' } as const;
  return { name: `flatten_${name}`, spec, input, output, isImage: false, tensors: [] };
}

const identity = (length: number): Order => Array.from({ length }, (_, i) => i);

function channelsFirst({ height, width, channels }: Shape): Order {
  const pixels = identity(height * width);
  return identity(channels).flatMap((channel) => pixels.map((p) => p * channels + channel));
}

/** `order` is that of the layer's input channels. */
function portableTensors(
  { name, spec, input, tensors }: PlannedLayer,
  order: Order,
  parameters: Float32Array,
): NamedTensor[] {
  const values = tensors.map((tensor) => viewOf(parameters, tensor));
  const vector = (label: string, source: Float32Array, from = identity(source.length)) => ({
    name: `${name}.${label}`,
    shape: [source.length],
    values: Float32Array.from(from, (index) => source[index]),
  });
  switch (spec.type) {
    case 'dense': {
      const [weight, bias] = values;
      const shape = [spec.outputs, order.length];
      const turned = transposed(weight, order, 1, spec.outputs);
      return [{ name: `${name}.weight`, shape, values: turned }, vector('bias', bias)];
    }
    case 'conv2d': {
      const [weight, bias] = values;
      const { kernel, filters } = spec;
      const shape = [filters, input.channels, kernel, kernel];
      const turned = transposed(weight, order, kernel * kernel, filters);
      return [{ name: `${name}.weight`, shape, values: turned }, vector('bias', bias)];
    }
    case 'batch-norm': {
      const labels = ['weight', 'bias', 'running_mean', 'running_var'];
      return values.map((source, i) => vector(labels[i], source, order));
    }
    case 'max-pool':
    case 'average-pool':
    case 'flatten':
    case 'activation':
    case 'dropout':
      return [];
  }
}

/** [places, inputs, outputs] → [outputs, inputs, places], with the inputs in another order. */
function transposed(source: Float32Array, order: Order, places: number, outputs: number) {
  const inputs = order.length;
  const target = new Float32Array(source.length);
  let at = 0;
  for (let output = 0; output < outputs; output++)
    for (const input of order)
      for (let place = 0; place < places; place++)
        target[at++] = source[(place * inputs + input) * outputs + output];
  return target;
}
