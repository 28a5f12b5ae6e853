import type { ExampleSet } from '../../../../shared/data/dataset.ts';
import type { Shape } from '../../../../shared/engine/layers/layer-plan.ts';

type Inputs = ExampleSet['inputs'];

/** What was drawn before, so that it is not painted pixel by pixel again. */
const painted = new WeakMap<Inputs, OffscreenCanvas>();

/** Draws an example as large as there is room: its pixels, or its features as squares. */
export function drawImage(
  context: CanvasRenderingContext2D,
  inputs: Inputs,
  shape: Shape,
  width: number,
  height: number,
): void {
  const image = painted.get(inputs) ?? canvasOf(exampleImage(inputs, shape));
  painted.set(inputs, image);
  const scale = Math.min(width / image.width, height / image.height);
  const [shownWidth, shownHeight] = [scale * image.width, scale * image.height];
  context.imageSmoothingEnabled = false;
  context.drawImage(image, (width - shownWidth) / 2, 0, shownWidth, shownHeight);
}

/** Draws an image in a rectangle, with sharp pixels. */
export function drawSharp(
  context: CanvasRenderingContext2D,
  image: ImageData,
  [x, y, width, height]: readonly [x: number, y: number, width: number, height: number],
): void {
  context.imageSmoothingEnabled = false;
  context.drawImage(canvasOf(image), x, y, width, height);
}

function canvasOf(image: ImageData): OffscreenCanvas {
  const canvas = new OffscreenCanvas(image.width, image.height);
  canvas.getContext('2d')?.putImageData(image, 0, 0);
  return canvas;
}

/**
 * An opaque picture of an example: pixels [height × width × channels] in color or gray, or features
 * row by row in a square, gray at 0, white from 2 deviations on.
 */
export function exampleImage(inputs: Inputs, { width, height, channels }: Shape): ImageData {
  if (inputs instanceof Float32Array) {
    const bytes = Uint8Array.from(inputs, (value) => Math.max(0, Math.min(255, 128 + 64 * value)));
    const side = Math.ceil(Math.sqrt(channels));
    return grayImage(bytes, { width: side, height: Math.ceil(channels / side) });
  }
  if (channels < 3) return grayImage(inputs, { width, height, channels });
  const image = new ImageData(width, height);
  for (let i = 0; i < width * height; i++) {
    const [red, green, blue] = inputs.subarray(i * channels, i * channels + 3);
    image.data.set([red, green, blue, 255], 4 * i);
  }
  return image;
}

/** An opaque picture of gray values, of the first channel. */
export function grayImage(
  values: Uint8Array,
  { width, height, channels = 1 }: Pick<Shape, 'width' | 'height'> & { channels?: number },
): ImageData {
  const image = new ImageData(width, height);
  for (let i = 0; i < width * height; i++) {
    const gray = values[i * channels];
    image.data.set([gray, gray, gray, 255], 4 * i);
  }
  return image;
}
