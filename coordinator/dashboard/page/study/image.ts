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
  let image = painted.get(pixels);
  if (!image) {
    image = paint(pixels, shape);
    painted.set(pixels, image);
  }
  const scale = Math.min(width / shape.width, height / shape.height);
  const [shownWidth, shownHeight] = [scale * shape.width, scale * shape.height];
  context.imageSmoothingEnabled = false;
  context.drawImage(image, (width - shownWidth) / 2, 0, shownWidth, shownHeight);
}

function paint(pixels: Uint8Array, { width, height, channels }: Shape): OffscreenCanvas {
  const canvas = new OffscreenCanvas(width, height);
  canvas.getContext('2d')?.putImageData(grayImage(pixels, width, height, channels), 0, 0);
  return canvas;
}

/** An opaque picture of gray values. */
export function grayImage(
  values: Uint8Array,
  width: number,
  height: number,
  channels = 1,
): ImageData {
  const image = new ImageData(width, height);
  for (let i = 0; i < width * height; i++) {
    const gray = values[i * channels];
    image.data.set([gray, gray, gray, 255], 4 * i);
  }
  return image;
}
