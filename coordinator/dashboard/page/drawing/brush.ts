import { styleColor } from './colors.ts';
import type { Rect } from './rect.ts';

/*
 * Short ways to draw on a canvas. A color is one of the style sheet, such as `--ink`, or `#0072b2`.
 */

export type Context = CanvasRenderingContext2D;
export type Point = readonly [x: number, y: number];

const css = (color: string): string => (color.startsWith('--') ? styleColor(color) : color);

export function fillRect(
  context: Context,
  color: string,
  { x, y, width, height }: Rect,
  alpha = 1,
) {
  context.globalAlpha = alpha;
  context.fillStyle = css(color);
  context.fillRect(x, y, width, height);
  context.globalAlpha = 1;
}

/** The outline of a rectangle, inside it. */
export function strokeRect(
  context: Context,
  color: string,
  { x, y, width, height }: Rect,
  lineWidth: number,
  dash: number[] = [],
): void {
  context.strokeStyle = css(color);
  context.lineWidth = lineWidth;
  context.setLineDash(dash);
  context.strokeRect(x + lineWidth / 2, y + lineWidth / 2, width - lineWidth, height - lineWidth);
  context.setLineDash([]);
}

/** Lines, each through some points. */
export function strokeLines(
  context: Context,
  color: string,
  lineWidth: number,
  ...lines: readonly Point[][]
): void {
  context.strokeStyle = css(color);
  context.lineWidth = lineWidth;
  context.beginPath();
  for (const [[x, y], ...rest] of lines) {
    context.moveTo(x, y);
    for (const point of rest) context.lineTo(...point);
  }
  context.stroke();
}

export function paintCircle(
  context: Context,
  fill: string,
  line: string,
  [x, y]: Point,
  radius: number,
): void {
  context.beginPath();
  context.arc(x, y, radius, 0, 2 * Math.PI);
  context.fillStyle = css(fill);
  context.fill();
  context.strokeStyle = css(line);
  context.lineWidth = 1.5;
  context.stroke();
}

/** The first of some texts that has room. Returns its width; 0 if none has. */
export function write(
  context: Context,
  color: string,
  texts: readonly string[],
  [x, y]: Point,
  room = Number.POSITIVE_INFINITY,
): number {
  const text = texts.find((each) => context.measureText(each).width <= room) ?? '';
  context.fillStyle = css(color);
  context.fillText(text, x, y);
  return context.measureText(text).width;
}

/** Draws only inside a rectangle. */
export function clipTo(context: Context, { x, y, width, height }: Rect, draw: () => void): void {
  context.save();
  context.beginPath();
  context.rect(x, y, width, height);
  context.clip();
  draw();
  context.restore();
}

/** Text of the smallest size, on the middle of its line. */
export function beginText(context: Context, align: CanvasTextAlign): void {
  context.font = '12px system-ui, sans-serif';
  context.textBaseline = 'middle';
  context.textAlign = align;
}
