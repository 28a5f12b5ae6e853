import * as z from 'zod';
import { LockstepError } from '../errors.ts';
import { ACTIVATIONS } from './kernels.ts';
import { sizeOf, type TensorLayout } from './layer.ts';

const count = z.int().min(1).max(16_384);
const extent = z.int().min(1).max(64);

/** One layer of a model, as a user writes it. */
export const LayerSpec = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('dense'), outputs: count }),
  z.strictObject({
    type: z.literal('conv2d'),
    filters: count,
    /** Rows and columns of the kernel. */
    kernel: extent,
    stride: extent.default(1),
    /** `same`: zeros around the image, so that stride 1 keeps its size; `valid`: none. */
    padding: z.enum(['same', 'valid']).default('same'),
  }),
  z.strictObject({ type: z.literal('max-pool'), size: extent }),
  z.strictObject({ type: z.literal('average-pool'), size: extent }),
  z.strictObject({ type: z.literal('flatten') }),
  z.strictObject({ type: z.literal('activation'), function: z.enum(ACTIVATIONS) }),
  z.strictObject({ type: z.literal('dropout'), rate: z.number().min(0).max(0.95) }),
  z.strictObject({ type: z.literal('batch-norm') }),
]);
export type LayerSpec = z.infer<typeof LayerSpec>;

const LAYER_COUNT_MAX = 64;

/** Layers, from images to logits. */
export const ModelSpec = z.strictObject({
  input: z.strictObject({
    height: z.int().positive(),
    width: z.int().positive(),
    channels: z.int().positive(),
  }),
  layers: z.array(LayerSpec).min(1).max(LAYER_COUNT_MAX),
});
export type ModelSpec = z.infer<typeof ModelSpec>;

/** What flows between two layers, for one example: an image, or a plain vector (1 × 1 pixels). */
export interface Shape {
  readonly height: number;
  readonly width: number;
  readonly channels: number;
}

/** A layer with all that its place in the model decides. */
export interface PlannedLayer {
  readonly spec: LayerSpec;
  /** Its kind and its number among those of its kind, such as `conv2`. */
  readonly name: string;
  readonly input: Shape;
  readonly output: Shape;
  readonly tensors: readonly TensorLayout[];
  /** Multiplications and additions of products, forward, for one example. */
  readonly flops: number;
}

const NAMES: Record<LayerSpec['type'], string> = {
  dense: 'dense',
  conv2d: 'conv',
  'max-pool': 'pool',
  'average-pool': 'pool',
  flatten: 'flatten',
  activation: 'activation',
  dropout: 'dropout',
  'batch-norm': 'norm',
};

/** Values of one example. */
export const sizeOfShape = ({ height, width, channels }: Shape): number => height * width * channels;

/** A tensor before it has its place in the flat buffer. */
type UnplacedTensor = Omit<TensorLayout, 'offset'>;

interface LayerPlan {
  readonly output: Shape;
  readonly tensors: readonly UnplacedTensor[];
  readonly flops: number;
}

/**
 * Follows the shapes through the layers, and gives each tensor its place in the flat buffer: those that are trained
 * first, running averages after them. Throws a `MODEL` error that names the layer which does not fit.
 */
export function planModel({ input, layers }: ModelSpec): PlannedLayer[] {
  let shape: Shape = input;
  const counts = new Map<string, number>();
  const unplaced = layers.map((spec, index) => {
    const kind = NAMES[spec.type];
    const number = (counts.get(kind) ?? 0) + 1;
    counts.set(kind, number);
    const before = shape;
    const plan = planLayer(spec, before, `layer ${index + 1} (${spec.type})`);
    shape = plan.output;
    return { ...plan, spec, name: `${kind}${number}`, input: before };
  });
  if (layers.at(-1)?.type !== 'dense') {
    throw new LockstepError(
      'MODEL',
      `layer ${layers.length} (${layers.at(-1)?.type}) is the last: it must be a dense layer with an output a class.`,
    );
  }
  let end = 0;
  const place = (isAverage: boolean) =>
    unplaced.map(({ name, tensors }) =>
      tensors
        .filter((tensor) => tensor.isAverage === isAverage)
        .map((tensor) => {
          const offset = end;
          end += sizeOf(tensor.shape);
          return { ...tensor, name: `${name}.${tensor.name}`, offset };
        }),
    );
  const trained = place(false);
  const averages = place(true);
  return unplaced.map((layer, index) => ({ ...layer, tensors: [...trained[index], ...averages[index]] }));
}

function planLayer(spec: LayerSpec, input: Shape, place: string): LayerPlan {
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
      return { output: { height: 1, width: 1, channels: sizeOfShape(input) }, tensors: [], flops: 0 };
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
      `${place}: an even kernel (${kernel}) has no middle: use an odd one, or "padding": "valid".`,
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
    tensors: weightAndBias([kernel, kernel, input.channels, filters], patch, kernel * kernel * filters),
    flops: 2 * sizeOfShape(output) * patch,
  };
}

function tooLarge(place: string, what: string, { height, width }: Shape): LockstepError {
  return new LockstepError(
    'MODEL',
    `${place}: ${what} does not fit its input of ${height} × ${width} pixels: make it smaller.`,
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

/** All tensors of a model, in the order of the flat buffer. */
export function tensorLayouts(spec: ModelSpec): TensorLayout[] {
  return planModel(spec)
    .flatMap(({ tensors }) => tensors)
    .sort((a, b) => a.offset - b.offset);
}

/** The length of the flat buffer. */
export function parameterCount(spec: ModelSpec): number {
  return countValues(tensorLayouts(spec));
}

/** How many values at the flat buffer's beginning are trained; the others are running averages. */
export function trainedCount(spec: ModelSpec): number {
  return countValues(tensorLayouts(spec).filter(({ isAverage }) => !isAverage));
}

function countValues(tensors: readonly TensorLayout[]): number {
  return tensors.reduce((total, { shape }) => total + sizeOf(shape), 0);
}

/** How many classes a model tells apart. */
export function classCount(spec: ModelSpec): number {
  const last = spec.layers.at(-1);
  return last?.type === 'dense' ? last.outputs : 0;
}
