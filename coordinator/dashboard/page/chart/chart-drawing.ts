import { beginText, type Context, clipTo, strokeLines } from '../drawing/brush.ts';
import { styleColor } from '../drawing/colors.ts';
import type { Area, Frame } from './chart-layout.ts';
import { linePath, type Point } from './line-path.ts';

/*
 * Drawing a chart: everything here needs a canvas. A color is one of the style sheet, such as
 * `--ink`.
 */

/** Lines across a chart at the ticks of both axes, with their texts, and the titles. */
export function drawAxes(context: Context, frame: Frame): void {
  const { plot, xTicks, yTicks, xTitle, yTitle } = frame;
  const [right, lower] = [plot.x + plot.width, plot.y + plot.height];
  strokeLines(
    context,
    '--line',
    1,
    ...xTicks.map(({ pixel }) => vertical(pixel, plot.y, lower)),
    ...yTicks.map(({ pixel }): Point[] => {
      const y = Math.round(pixel) + 0.5;
      return [
        [plot.x, y],
        [right, y],
      ];
    }),
  );
  context.fillStyle = styleColor('--quiet');
  beginText(context, 'right');
  for (const { pixel, text } of yTicks) context.fillText(text, plot.x - 6, pixel);
  context.textAlign = 'center';
  for (const { pixel, text } of xTicks) context.fillText(text, pixel, lower + 13);
  if (xTitle) context.fillText(xTitle, plot.x + plot.width / 2, lower + 33);
  context.textAlign = 'left';
  if (yTitle) context.fillText(yTitle, 0, 10);
}

/** A line from above to below, sharp. */
const vertical = (x: number, upper: number, lower: number): Point[] => [
  [Math.round(x) + 0.5, upper],
  [Math.round(x) + 0.5, lower],
];

/** A vertical line through a chart, such as the crosshair. */
export function drawVertical(
  context: Context,
  { plot }: Frame,
  x: number,
  color: string,
  dash: number[] = [],
): void {
  context.setLineDash(dash);
  strokeLines(context, color, 1, vertical(x, plot.y, plot.y + plot.height));
  context.setLineDash([]);
}

/** Fills an area, right of the value `from` if it is given. */
export function fillArea(
  context: Context,
  { plot, x, y }: Frame,
  area: Area,
  color: string,
  alpha: number,
  from?: number,
): void {
  const left = from === undefined ? plot.x : Math.max(plot.x, x(from));
  clipTo(context, { ...plot, x: left, width: plot.x + plot.width - left }, () => {
    const edge = (side: 1 | 2) =>
      linePath(
        area.map((point) => [point[0], point[side]]),
        x,
        y,
      );
    context.beginPath();
    for (const point of [...edge(1), ...edge(2).reverse()]) context.lineTo(...point);
    context.globalAlpha = alpha;
    context.fillStyle = styleColor(color);
    context.fill();
  });
}

export interface LineLook {
  readonly color: string;
  /** 0: no line. */
  readonly width: number;
  readonly alpha?: number;
  readonly dash?: number[];
  /** The radius of its points. Undefined: they are not drawn. */
  readonly radius?: number;
  /** The color in its points, if it is another. */
  readonly fill?: string;
}

export function drawLine(
  context: Context,
  { plot, x, y }: Frame,
  points: readonly Point[],
  { color, width, alpha = 1, dash = [], radius, fill = color }: LineLook,
): void {
  if (points.length === 0) return;
  const path = linePath(points, x, y);
  context.globalAlpha = alpha;
  if (width > 0)
    clipTo(context, plot, () => {
      context.lineJoin = 'round';
      context.setLineDash(dash);
      strokeLines(context, color, width, path);
    });
  if (radius !== undefined) {
    // A point at the edge is whole.
    const { x: left, y: top, width, height } = plot;
    const room = radius + 1;
    const around = {
      x: left - room,
      y: top - room,
      width: width + 2 * room,
      height: height + 2 * room,
    };
    clipTo(context, around, () => {
      context.beginPath();
      for (const [x, y] of path) {
        context.moveTo(x + radius, y);
        context.arc(x, y, radius, 0, 2 * Math.PI);
      }
      context.fillStyle = styleColor(fill);
      context.fill();
      context.strokeStyle = styleColor(color);
      context.lineWidth = 2;
      if (fill !== color || width === 0) context.stroke();
    });
  }
  context.globalAlpha = 1;
}
