import { isLocked } from '../../../../../shared/study/columns.ts';
import type { Context } from '../../drawing/brush.ts';
import { isDark, styleColor } from '../../drawing/colors.ts';
import type { Rect } from '../../drawing/rect.ts';
import { cellOf, type Mosaic, type Place } from './mosaic.ts';

type Rgb = readonly number[];

/** What the values are: brightness from 0 to 1, numbers of both signs, or slopes. */
export type ValueKind = 'brightness' | 'signed' | 'slopes';

/** A picture looks the same on a light and on a dark page. */
const BLACK = '#000000';
const WHITE = '#ffffff';
/** The colors of the largest positive and the largest negative value, or their names. */
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
  const reach = kind === 'brightness' ? 1 : reachOf(values);
  const image = imageOf(values, mosaic, kind, reach, (unit) => cellOf(mosaic, unit));
  canvas.getContext('2d')?.putImageData(image, 0, 0);
  return canvas;
}

/**
 * Paints values as pixels: row by row, or where `cellFor` says. Those of the size `reach` or more
 * have the full color.
 */
export function imageOf(
  values: Float32Array,
  { width, height }: { readonly width: number; readonly height: number },
  kind: ValueKind,
  reach: number,
  cellFor: (unit: number) => Place = (unit) => [unit % width, Math.floor(unit / width)],
): ImageData {
  const image = new ImageData(width, height);
  const { zero, above, below, locked } = colorsOf(kind);
  for (const [unit, value] of values.entries()) {
    const [x, y] = cellFor(unit);
    const part = Math.min(1, Math.abs(value) / reach || 0);
    const far = value < 0 ? below : above;
    const mixed = zero.map((from, i) => from + part * (far[i] - from));
    const color = kind === 'slopes' && isLocked(value) ? locked : mixed;
    image.data.set([...color, 255], 4 * (y * width + x));
  }
  return image;
}

/** The colors of the page as it looks now, by the kinds of values. */
const found = new Map<string, ReturnType<typeof findColors>>();

function colorsOf(kind: ValueKind) {
  const key = `${kind} ${isDark()}`;
  const colors = found.get(key) ?? findColors(kind);
  found.set(key, colors);
  return colors;
}

function findColors(kind: ValueKind) {
  const names = [kind === 'brightness' ? BLACK : '--paper', ...VALUE_COLORS[kind], LOCKED_COLOR];
  const [zero, above, below, locked] = names.map(rgbOf);
  return { zero, above, below, locked };
}

/** The parts of a color, or of one of the style sheet. A canvas writes each color as `#0063a0`. */
function rgbOf(name: string): Rgb {
  const context = new OffscreenCanvas(1, 1).getContext('2d') as OffscreenCanvasRenderingContext2D;
  context.fillStyle = name.startsWith('--') ? styleColor(name) : name;
  const color = String(context.fillStyle);
  return [1, 3, 5].map((at) => Number.parseInt(color.slice(at, at + 2), 16));
}
