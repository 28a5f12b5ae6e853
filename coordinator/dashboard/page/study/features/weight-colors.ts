import type { Shape } from '../../../../../shared/engine/layers/layer-plan.ts';
import { isDark, styleColor } from '../../drawing/colors.ts';

type Rgb = readonly number[];

/** Paints signed values: blue above 0, orange below, the paper at 0. `reach` has full color. */
export function signedImage(
  values: Float32Array,
  { width, height }: Pick<Shape, 'width' | 'height'>,
  reach: number,
): ImageData {
  const { zero, above, below } = scaleColors();
  const image = new ImageData(width, height);
  for (const [i, value] of values.entries()) {
    const part = Math.min(1, Math.abs(value) / reach || 0);
    const far = value < 0 ? below : above;
    for (const k of [0, 1, 2]) image.data[4 * i + k] = zero[k] + part * (far[k] - zero[k]);
    image.data[4 * i + 3] = 255;
  }
  return image;
}

let colors: { look: boolean; zero: Rgb; above: Rgb; below: Rgb } | undefined;

function scaleColors() {
  const look = isDark();
  if (colors?.look !== look) {
    const [zero, above, below] = ['--paper', '--accent', '--validation'].map(rgbOf);
    colors = { look, zero, above, below };
  }
  return colors;
}

/** A canvas writes each color as `#0063a0`. */
function rgbOf(name: string): Rgb {
  const context = new OffscreenCanvas(1, 1).getContext('2d');
  if (!context) return [0, 0, 0];
  context.fillStyle = styleColor(name);
  const color = String(context.fillStyle);
  return [1, 3, 5].map((at) => Number.parseInt(color.slice(at, at + 2), 16));
}

/** Draws an image in a rectangle, with sharp pixels. */
export function drawImage(
  context: CanvasRenderingContext2D,
  image: ImageData,
  [x, y, width, height]: readonly [x: number, y: number, width: number, height: number],
): void {
  const canvas = new OffscreenCanvas(image.width, image.height);
  canvas.getContext('2d')?.putImageData(image, 0, 0);
  context.imageSmoothingEnabled = false;
  context.drawImage(canvas, x, y, width, height);
}
