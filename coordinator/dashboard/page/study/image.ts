import type { Shape } from '../../../../shared/engine/layers/layer-plan.ts';

/** What was drawn before, so that it is not painted pixel by pixel again. */
const painted = new WeakMap<Uint8Array, OffscreenCanvas>();

/**
 * Draws the pixels of an example [height × width × channels], of which only the first channel is
 * shown. 0 is black, 255 is white, as large as there is room.
 */
export function drawImage(
  context: CanvasRenderingContext2D,
  pixels: Uint8Array,
  shape: Shape,
  width: number,
  height: number,
): void {
  const image = painted.get(pixels) ?? canvasOf(grayImage(pixels, shape));
  painted.set(pixels, image);
  const scale = Math.min(width / shape.width, height / shape.height);
  const [shownWidth, shownHeight] = [scale * shape.width, scale * shape.height];
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

/** An opaque picture of gray values, of which only the first channel is shown. */
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
