import { LockstepError } from '../../errors.ts';
import type { TensorLayout } from './layer.ts';
import type { LayerSpec } from './layer-spec.ts';

/** The shape of one example between two layers: an image, or a vector (1 × 1 pixels). */
export interface Shape {
  readonly height: number;
  readonly width: number;
  readonly channels: number;
}

/** A layer with everything that follows from its place in the model. */
export interface PlannedLayer {
  readonly spec: LayerSpec;
  /** The layer's kind, and its number among the layers of that kind, such as `conv2`. */
  readonly name: string;
  readonly input: Shape;
  readonly output: Shape;
  readonly tensors: readonly TensorLayout[];
  /** Multiplications plus additions of all products in a forward pass of one example. */
  readonly flops: number;
}

/** The number of values of one example. */
export const sizeOfShape = ({ height, width, channels }: Shape): number =>
  height * width * channels;

/** A tensor without its place in the flat buffer. */
export type UnplacedTensor = Omit<TensorLayout, 'offset'>;

/** A layer whose tensors have no place in the flat buffer yet. */
export interface UnplacedLayer extends Omit<PlannedLayer, 'tensors'> {
  readonly tensors: readonly UnplacedTensor[];
}

type LayerPlan = Pick<UnplacedLayer, 'output' | 'tensors' | 'flops'>;

/**
 * Works out a layer's output, tensors and flops from its input. `place` names the layer in errors.
 * Throws a `MODEL` error if the layer does not fit its input.
 */
export function planLayer(spec: LayerSpec, input: Shape, place: string): LayerPlan {
  switch (spec.type) {
    case 'dense': {
      const inputs = sizeOfShape(input);
      return {
        output: { height: 1, width: 1, channels: spec.outputs },
        tensors: weightAndBias([inputs, spec.outputs], inputs, spec.outputs),
        flops: 2 * inputs * spec.outputs,
      };
    }
    case 'conv2d':
      return planConvolution(spec, input, place);
    case 'max-pool':
    case 'average-pool': {
      const output = {
        height: Math.floor(input.height / spec.size),
        width: Math.floor(input.width / spec.size),
        channels: input.channels,
      };
      if (output.height < 1 || output.width < 1) {
        throw tooLarge(place, `a window of ${spec.size} × ${spec.size}`, input);
      }
      return { output, tensors: [], flops: 0 };
    }
    case 'flatten':
      return {
        output: { height: 1, width: 1, channels: sizeOfShape(input) },
        tensors: [],
        flops: 0,
      };
    case 'batch-norm':
      return { output: input, tensors: normTensors(input.channels), flops: 0 };
    case 'activation':
    case 'dropout':
      return { output: input, tensors: [], flops: 0 };
  }
}

function planConvolution(
  { filters, kernel, stride, padding }: Extract<LayerSpec, { type: 'conv2d' }>,
  input: Shape,
  place: string,
): LayerPlan {
  if (padding === 'same' && kernel % 2 === 0) {
    throw new LockstepError(
      'MODEL',
      `${place}: an even kernel (${kernel}) has no center. Use an odd one, or "padding": "valid".`,
    );
  }
  const margin = padding === 'same' ? kernel - 1 : 0;
  const output = {
    height: Math.floor((input.height + margin - kernel) / stride) + 1,
    width: Math.floor((input.width + margin - kernel) / stride) + 1,
    channels: filters,
  };
  if (input.height + margin < kernel || input.width + margin < kernel) {
    throw tooLarge(place, `a kernel of ${kernel} × ${kernel}`, input);
  }
  const patch = kernel * kernel * input.channels;
  return {
    output,
    tensors: weightAndBias(
      [kernel, kernel, input.channels, filters],
      patch,
      kernel * kernel * filters,
    ),
    flops: 2 * sizeOfShape(output) * patch,
  };
}

function tooLarge(place: string, what: string, { height, width }: Shape): LockstepError {
  return new LockstepError(
    'MODEL',
    `${place}: ${what} does not fit its input of ${height} × ${width} pixels. Make it smaller.`,
  );
}

function weightAndBias(shape: readonly number[], fanIn: number, fanOut: number): UnplacedTensor[] {
  return [
    { name: 'weight', shape, initial: { fanIn, fanOut }, isAverage: false },
    { name: 'bias', shape: [shape[shape.length - 1]], initial: 0, isAverage: false },
  ];
}

function normTensors(channels: number): UnplacedTensor[] {
  return [
    { name: 'scale', shape: [channels], initial: 1, isAverage: false },
    { name: 'shift', shape: [channels], initial: 0, isAverage: false },
    { name: 'mean', shape: [channels], initial: 0, isAverage: true },
    { name: 'variance', shape: [channels], initial: 1, isAverage: true },
  ];
}
