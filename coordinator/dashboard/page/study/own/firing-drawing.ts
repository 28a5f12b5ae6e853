import { styleColor } from '../../drawing/colors.ts';
import { type FiringLayer, tilingOf } from './firing.ts';

/** Draws each unit: the more of the color, the larger its value; orange if it is negative. */
export function drawFiring(
  context: CanvasRenderingContext2D,
  { shape, values }: FiringLayer,
  width: number,
  height: number,
): void {
  const { columns, rows } = tilingOf(shape, width / height);
  const image = new ImageData(columns * shape.width, rows * shape.height);
  const most = values.reduce((max, value) => Math.max(max, Math.abs(value)), 0) || 1;
  const colors = [colorParts('--right'), colorParts('--wrong')];
  for (const [i, value] of values.entries()) {
    const channel = i % shape.channels;
    const pixel = Math.floor(i / shape.channels);
    const x = (channel % columns) * shape.width + (pixel % shape.width);
    const y = Math.floor(channel / columns) * shape.height + Math.floor(pixel / shape.width);
    const alpha = Math.round((255 * Math.abs(value)) / most);
    image.data.set([...colors[value < 0 ? 1 : 0], alpha], 4 * (y * image.width + x));
  }
  const canvas = new OffscreenCanvas(image.width, image.height);
  canvas.getContext('2d')?.putImageData(image, 0, 0);
  const scale = Math.min(width / image.width, height / image.height);
  context.imageSmoothingEnabled = false;
  context.drawImage(canvas, 0, 0, image.width * scale, image.height * scale);
}

/** The red, green and blue of a color of the style sheet, such as `#0063a0`. */
const colorParts = (name: string): number[] =>
  [1, 3, 5].map((at) => Number.parseInt(styleColor(name).slice(at, at + 2), 16));
