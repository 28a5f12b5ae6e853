import { isLocked } from '../../../../../shared/study/columns.ts';
import type { Context } from '../../drawing/brush.ts';
import { isDark, styleColor } from '../../drawing/colors.ts';
import type { Rect } from '../../drawing/rect.ts';
import { cellOf, type Mosaic } from './mosaic.ts';

type Rgb = readonly [red: number, green: number, blue: number];

/** What the values are: brightness from 0 to 1, numbers of both signs, or slopes. */
export type ValueKind = 'brightness' | 'signed' | 'slopes';

/** A picture looks the same on a light and on a dark page. */
const BLACK = '#000000';
const WHITE = '#ffffff';
/** The colors, or their names in the style sheet, for the largest positive and the largest negative value. */
const VALUE_COLORS = {
  brightness: [WHITE, WHITE],
  signed: ['--accent', '--validation'],
  slopes: ['--accent', '--validation'],
} as const;
/** The color of a slope that passes no error back. */
const LOCKED_COLOR = '--line';

/** The pictures of values, by the values and the look of the page. Results never change. */
const painted = new WeakMap<Float32Array, Map<string, OffscreenCanvas>>();

/** The largest distance from zero, for the darkest color; 1 if all are zero. */
export const reachOf = (values: Float32Array): number =>
  values.reduce((reach, value) => Math.max(reach, Math.abs(value)), 0) || 1;

/** Draws values as small squares into a rectangle. Each picture has its own scale. */
export function paintValues(
  context: Context,
  values: Float32Array,
  mosaic: Mosaic,
  { x, y, width, height }: Rect,
  kind: ValueKind,
): void {
  const key = `${kind} ${isDark()}`;
  const pictures = painted.get(values) ?? new Map<string, OffscreenCanvas>();
  painted.set(values, pictures);
  const picture = pictures.get(key) ?? pictureOf(values, mosaic, kind);
  pictures.set(key, picture);
  context.imageSmoothingEnabled = false;
  context.drawImage(picture, x, y, width, height);
}

function pictureOf(values: Float32Array, mosaic: Mosaic, kind: ValueKind): OffscreenCanvas {
  const canvas = new OffscreenCanvas(mosaic.width, mosaic.height);
  const context = canvas.getContext('2d') as OffscreenCanvasRenderingContext2D;
  const image = context.createImageData(mosaic.width, mosaic.height);
  const zero = rgbOf(context, kind === 'brightness' ? BLACK : styleColor('--paper'));
  const [above, below] = VALUE_COLORS[kind].map((color) =>
    rgbOf(context, color === WHITE ? WHITE : styleColor(color)),
  );
  const locked = rgbOf(context, styleColor(LOCKED_COLOR));
  const reach = kind === 'brightness' ? 1 : reachOf(values);
  for (const [unit, value] of values.entries()) {
    const [x, y] = cellOf(mosaic, unit);
    const part = Math.min(1, Math.abs(value) / reach);
    const far = value < 0 ? below : above;
    const mixed = zero.map((from, i) => from + part * (far[i] - from));
    const color = kind === 'slopes' && isLocked(value) ? locked : mixed;
    image.data.set([...color, 255], 4 * (y * mosaic.width + x));
  }
  context.putImageData(image, 0, 0);
  return canvas;
}

/** The parts of a color. A canvas writes each color as `#0063a0`. */
function rgbOf(context: OffscreenCanvasRenderingContext2D, color: string): Rgb {
  context.fillStyle = color;
  const hexadecimal = String(context.fillStyle);
  return [1, 3, 5].map((at) =>
    Number.parseInt(hexadecimal.slice(at, at + 2), 16),
  ) as unknown as Rgb;
}
