import type { ExampleSet } from '../../../../../shared/data/dataset.ts';
import type { Shape } from '../../../../../shared/engine/layers/layer-plan.ts';

/*
 * An image becomes the input of a net, without a document:
 *
 *   gray ─► inverted, if its background is light ─► cut out ─► scaled ─► centered by its mass
 *
 * Size and place are those that the examples of the dataset have.
 */

/** An image [height × width] of bytes: 0 is black. */
export interface GrayImage {
  readonly width: number;
  readonly height: number;
  readonly values: Uint8Array;
}

/** How things lie in the images of a dataset. */
export interface Framing {
  /** The longer side of a thing, as a part of the image. */
  readonly size: number;
  /** The center of its mass, as parts of width and height. */
  readonly x: number;
  readonly y: number;
}

/** Values up to this one count as background. */
const BACKGROUND_MAX = 25;
/** So many examples tell how things lie. */
const FRAMED_EXAMPLES = 200;

/** A rectangle of pixels. The right and the lower end are not in it. */
interface Box {
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
}

/** The gray values of opaque pixels [height × width × 4], as the eye weighs colors. */
export function grayOf(rgba: Uint8ClampedArray, width: number, height: number): GrayImage {
  const values = new Uint8Array(width * height);
  for (let i = 0; i < values.length; i++) {
    const [red, green, blue] = [rgba[4 * i], rgba[4 * i + 1], rgba[4 * i + 2]];
    values[i] = Math.round(0.299 * red + 0.587 * green + 0.114 * blue);
  }
  return { width, height, values };
}

/** The mean of the values at the edge. */
export function backgroundOf({ width, height, values }: GrayImage): number {
  let [sum, count] = [0, 0];
  for (let y = 0; y < height; y++) {
    const step = y === 0 || y === height - 1 ? 1 : Math.max(1, width - 1);
    for (let x = 0; x < width; x += step) {
      sum += values[y * width + x];
      count++;
    }
  }
  return sum / count;
}

export const isLight = (image: GrayImage): boolean => backgroundOf(image) > 127;

export const inverted = (image: GrayImage): GrayImage => ({
  ...image,
  values: image.values.map((value) => 255 - value),
});

/** The same image with a black background: the values are spread from there to white. */
export function onBlack(image: GrayImage): GrayImage {
  const background = backgroundOf(image);
  const most = image.values.reduce((max, value) => Math.max(max, value), 0);
  if (background === 0 || most <= background) return image;
  const scale = 255 / (most - background);
  const values = image.values.map((value) => Math.max(0, Math.round((value - background) * scale)));
  return { ...image, values };
}

/** The smallest rectangle with everything that is not background; undefined if nothing is there. */
export function boxOf({ width, height, values }: GrayImage): Box | undefined {
  let [left, top, right, bottom] = [width, height, 0, 0];
  for (let i = 0; i < values.length; i++) {
    if (values[i] <= BACKGROUND_MAX) continue;
    const [x, y] = [i % width, Math.floor(i / width)];
    [left, right] = [Math.min(left, x), Math.max(right, x + 1)];
    [top, bottom] = [Math.min(top, y), y + 1];
  }
  return left < right ? { left, top: Math.min(top, bottom), right, bottom } : undefined;
}

/** The center of mass, in pixels from the upper left corner; undefined if all is black. */
export function massCenter({ width, values }: GrayImage): { x: number; y: number } | undefined {
  let [mass, sumX, sumY] = [0, 0, 0];
  for (let i = 0; i < values.length; i++) {
    const value = values[i];
    mass += value;
    sumX += value * ((i % width) + 0.5);
    sumY += value * (Math.floor(i / width) + 0.5);
  }
  return mass === 0 ? undefined : { x: sumX / mass, y: sumY / mass };
}

/** How things lie in some examples: the median of their sizes, the mean of their centers. */
export function framingOf({ count, inputs }: ExampleSet, { height, width }: Shape): Framing {
  const sizes: number[] = [];
  let [sumX, sumY] = [0, 0];
  const stride = inputs.length / count;
  for (let i = 0; i < Math.min(count, FRAMED_EXAMPLES); i++) {
    const values = Uint8Array.from(inputs.subarray(i * stride, i * stride + height * width));
    const image = { width, height, values };
    const [box, center] = [boxOf(image), massCenter(image)];
    if (!box || !center) continue;
    sizes.push(Math.max((box.right - box.left) / width, (box.bottom - box.top) / height));
    sumX += center.x / width;
    sumY += center.y / height;
  }
  if (sizes.length === 0) return { size: 1, x: 0.5, y: 0.5 };
  sizes.sort((a, b) => a - b);
  return {
    size: sizes[Math.floor(sizes.length / 2)],
    x: sumX / sizes.length,
    y: sumY / sizes.length,
  };
}

/** A part of an image, and where in the new image its upper left corner comes to lie. */
interface Placement {
  /** Pixels of the new image per pixel of the old one. */
  readonly scaleX: number;
  readonly scaleY: number;
  readonly x: number;
  readonly y: number;
}

/**
 * The image in the size of the net's input [height × width]. With `framing`, what is in the image
 * is cut out and lies there as in the dataset. Without, the whole image is scaled.
 */
export function netInput(image: GrayImage, shape: Shape, framing: Framing | undefined): Uint8Array {
  const whole = {
    scaleX: shape.width / image.width,
    scaleY: shape.height / image.height,
    x: 0,
    y: 0,
  };
  return resample(image, shape, (framing && framed(image, shape, framing)) ?? whole);
}

function framed(image: GrayImage, shape: Shape, framing: Framing): Placement | undefined {
  const [box, center] = [boxOf(image), massCenter(image)];
  if (!box || !center) return undefined;
  const scale = Math.min(
    (framing.size * shape.width) / (box.right - box.left),
    (framing.size * shape.height) / (box.bottom - box.top),
  );
  /** Where the image begins, so that its center lies where it should, and its box is not cut. */
  const place = (center: number, low: number, high: number, at: number, size: number) =>
    Math.min(Math.max(at * size - center * scale, -low * scale), size - high * scale);
  return {
    scaleX: scale,
    scaleY: scale,
    x: place(center.x, box.left, box.right, framing.x, shape.width),
    y: place(center.y, box.top, box.bottom, framing.y, shape.height),
  };
}

/** Each new value is the mean over the area that its pixel covers. Around the image is black. */
function resample(image: GrayImage, { height, width }: Shape, placement: Placement): Uint8Array {
  const { scaleX, scaleY, x, y } = placement;
  const columns = Array.from({ length: width }, (_, i) => coverOf(i, x, scaleX, image.width));
  const result = new Uint8Array(height * width);
  for (let row = 0; row < height; row++) {
    const lines = coverOf(row, y, scaleY, image.height);
    for (const [column, parts] of columns.entries()) {
      let sum = 0;
      for (const [line, lineWeight] of lines)
        for (const [place, weight] of parts)
          sum += lineWeight * weight * image.values[line * image.width + place];
      result[row * width + column] = Math.min(255, Math.round(sum * scaleX * scaleY));
    }
  }
  return result;
}

/** The old pixels that a new one covers along one axis, and how much of each. */
function coverOf(
  place: number,
  start: number,
  scale: number,
  count: number,
): (readonly [place: number, weight: number])[] {
  const from = Math.max(0, (place - start) / scale);
  const to = Math.min(count, (place + 1 - start) / scale);
  const cover: (readonly [number, number])[] = [];
  for (let i = Math.floor(from); i < to; i++)
    cover.push([i, Math.min(to, i + 1) - Math.max(from, i)]);
  return cover;
}
