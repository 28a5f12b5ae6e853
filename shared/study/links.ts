import { sizeOf } from '../engine/layers/layer.ts';
import { type PlannedLayer, type Shape, sizeOfShape } from '../engine/layers/layer-plan.ts';
import type { LayerSpec } from '../engine/layers/layer-spec.ts';

/*
 * Dense, convolutional and pooling layers are sums: each of their outputs is Σ weight · input, plus
 * a bias. A link is one product of such a sum. Links forward give an output, links backward give
 * the error of an input, and the links of one parameter give its derivative.
 */

export interface Link {
  /** The index of the input. */
  readonly from: number;
  /** The index of the output. */
  readonly to: number;
  readonly weight: number;
  /** The place of the weight among all parameters; null if the weight is not trained (pooling). */
  readonly parameter: number | null;
}

/** A layer of this kind, with what decides about its links. */
export interface LinkedLayer {
  readonly planned: PlannedLayer;
  /** All parameters of the net. */
  readonly parameters: Float32Array;
  /** Its inputs and outputs for one example. They decide which pixel of a maximum counts. */
  readonly x: Float32Array;
  readonly y: Float32Array;
}

type Convolution = Extract<LayerSpec, { type: 'conv2d' }>;

/** Whether the outputs of a layer are such sums. Other layers change each value on its own. */
export const isLinked = ({ type }: LayerSpec): boolean =>
  type === 'dense' || type === 'conv2d' || type === 'max-pool' || type === 'average-pool';

/** The links into an output, in the order of the inputs. Zeros around an image have no links. */
export function linksInto(layer: LinkedLayer, to: number): Link[] {
  const { planned } = layer;
  const { spec, input } = planned;
  if (spec.type === 'dense')
    return Array.from({ length: sizeOfShape(input) }, (_, from) => denseLink(layer, from, to));
  if (spec.type === 'conv2d') {
    const [, , filter] = placeOf(planned.output, to);
    return offsetsOf(spec).flatMap(([di, dj]) =>
      Array.from({ length: input.channels }, (_, channel) => channel).flatMap((channel) =>
        kernelLink(layer, spec, to, [di, dj, channel, filter]),
      ),
    );
  }
  return windowOf(planned, to).map((from) => poolLink(layer, from, to));
}

/** The links out of an input, in the order of the outputs' errors in the sum. */
export function linksOutOf(layer: LinkedLayer, from: number): Link[] {
  const { planned } = layer;
  const { spec, input, output } = planned;
  if (spec.type === 'dense')
    return Array.from({ length: output.channels }, (_, to) => denseLink(layer, from, to));
  const [row, column, channel] = placeOf(input, from);
  if (spec.type === 'conv2d')
    return offsetsOf(spec).flatMap(([di, dj]) => {
      const i = (row + paddingOf(spec) - di) / spec.stride;
      const j = (column + paddingOf(spec) - dj) / spec.stride;
      if (!isPlaceIn(output, i, j)) return [];
      return Array.from({ length: spec.filters }, (_, filter) => filter).flatMap((filter) =>
        kernelLink(layer, spec, indexOf(output, i, j, filter), [di, dj, channel, filter]),
      );
    });
  const size = sizeOfWindow(spec);
  const [i, j] = [Math.floor(row / size), Math.floor(column / size)];
  // Pixels beyond the last whole window are not used.
  return isPlaceIn(output, i, j) ? [poolLink(layer, from, indexOf(output, i, j, channel))] : [];
}

/** The links that share one trained weight, such as those of a kernel at all its positions. */
export function linksOf(layer: LinkedLayer, parameter: number): Link[] {
  const { spec, tensors, output } = layer.planned;
  const [{ offset, shape }] = tensors;
  const index = parameter - offset;
  if (spec.type === 'dense')
    return [denseLink(layer, Math.floor(index / shape[1]), index % shape[1])];
  if (spec.type !== 'conv2d') return [];
  const [, kernel, channels, filters] = shape;
  const [rest, filter] = [Math.floor(index / filters), index % filters];
  const [place, channel] = [Math.floor(rest / channels), rest % channels];
  const offsets = [Math.floor(place / kernel), place % kernel, channel, filter] as const;
  return Array.from({ length: output.height * output.width }, (_, position) =>
    kernelLink(layer, spec, position * filters + filter, offsets),
  ).flat();
}

/** The place of an output's bias among all parameters; null if there is none. */
export function biasOf({ tensors, spec }: PlannedLayer, to: number): number | null {
  if (spec.type !== 'dense' && spec.type !== 'conv2d') return null;
  const [, { offset, shape }] = tensors;
  return offset + (to % sizeOf(shape));
}

/** The row, column and channel of a value of an image. */
export function placeOf({ width, channels }: Shape, index: number): [number, number, number] {
  const position = Math.floor(index / channels);
  return [Math.floor(position / width), position % width, index % channels];
}

/** The inputs in the window of a pooling layer's output, row by row. */
export function windowOf({ spec, input, output }: PlannedLayer, to: number): number[] {
  const [i, j, channel] = placeOf(output, to);
  const size = sizeOfWindow(spec);
  return Array.from({ length: size * size }, (_, k) =>
    indexOf(input, i * size + Math.floor(k / size), j * size + (k % size), channel),
  );
}

function denseLink({ planned, parameters }: LinkedLayer, from: number, to: number): Link {
  const parameter = planned.tensors[0].offset + from * planned.output.channels + to;
  return { from, to, weight: parameters[parameter], parameter };
}

/** The link of a kernel's weight into an output; none if its pixel is outside of the image. */
function kernelLink(
  { planned, parameters }: LinkedLayer,
  spec: Convolution,
  to: number,
  [di, dj, channel, filter]: readonly [number, number, number, number],
): Link[] {
  const { input, output, tensors } = planned;
  const [i, j] = placeOf(output, to);
  const row = i * spec.stride + di - paddingOf(spec);
  const column = j * spec.stride + dj - paddingOf(spec);
  if (!isPlaceIn(input, row, column)) return [];
  const place = ((di * spec.kernel + dj) * input.channels + channel) * spec.filters + filter;
  const parameter = tensors[0].offset + place;
  const from = indexOf(input, row, column, channel);
  return [{ from, to, weight: parameters[parameter], parameter }];
}

function poolLink({ planned, x, y }: LinkedLayer, from: number, to: number): Link {
  if (planned.spec.type === 'average-pool')
    return { from, to, weight: 1 / planned.spec.size ** 2, parameter: null };
  // The first of equally large pixels has won.
  const winner = windowOf(planned, to).find((each) => x[each] === y[to]);
  return { from, to, weight: from === winner ? 1 : 0, parameter: null };
}

const sizeOfWindow = (spec: LayerSpec): number => ('size' in spec ? spec.size : 1);

const paddingOf = ({ kernel, padding }: Convolution): number =>
  padding === 'same' ? (kernel - 1) / 2 : 0;

/** The places of a kernel, row by row. */
const offsetsOf = ({ kernel }: Convolution): [number, number][] =>
  Array.from({ length: kernel * kernel }, (_, k) => [Math.floor(k / kernel), k % kernel]);

const indexOf = ({ width, channels }: Shape, row: number, column: number, channel: number) =>
  (row * width + column) * channels + channel;

const isPlaceIn = ({ height, width }: Shape, row: number, column: number): boolean =>
  Number.isInteger(row) &&
  Number.isInteger(column) &&
  row >= 0 &&
  column >= 0 &&
  row < height &&
  column < width;
