import {
  drawAxes,
  drawLine,
  drawVertical,
  fillArea,
  type LineLook,
} from '../chart/chart-drawing.ts';
import type { Frame } from '../chart/chart-layout.ts';
import { beginText, type Context, fillRect, write } from '../drawing/brush.ts';
import { ROW_HEIGHT } from './curve-charts.ts';
import type { Chart, CurveModel, Line, MarkRow, Milestone } from './curve-model.ts';
import { MARK_COLORS, MARK_SHAPES } from './incident-shapes.ts';

/** Drawing the curves: everything here needs a canvas. */

/** The ends of so many epochs are drawn as points. */
const POINTS_SHOWN_MAX = 40;

const LOOKS: Readonly<Record<Line['kind'], LineLook>> = {
  steps: { color: '--training', width: 1, alpha: 0.35 },
  training: { color: '--training', width: 2.5 },
  validation: { color: '--validation', width: 2, dash: [7, 4] },
  test: { color: '--test', width: 2, dash: [2, 3] },
  earlier: { color: '--earlier', width: 2 },
  'earlier-thin': { color: '--earlier', width: 1 },
};

/** The upper chart. `pointed` is the place of the crosshair. */
export function drawLoss(
  context: Context,
  frame: Frame,
  model: CurveModel,
  pointed: number | undefined,
): void {
  const { band, gap, best, isOverfitting } = model;
  drawAxes(context, frame);
  fillArea(context, frame, band, '--training', 0.14);
  fillArea(context, frame, gap, '--quiet', 0.12);
  if (isOverfitting) fillArea(context, frame, gap, '--warning', 0.25, best?.x);
  drawLines(context, frame, model.loss, pointed);
  drawMilestones(context, frame, model, true);
  drawRows(context, frame, model.rows);
}

/** The lower chart. */
export function drawAccuracy(
  context: Context,
  frame: Frame,
  model: CurveModel,
  pointed: number | undefined,
): void {
  drawAxes(context, frame);
  drawLines(context, frame, model.accuracy, pointed);
  drawMilestones(context, frame, model, false);
}

function drawLines(
  context: Context,
  frame: Frame,
  { lines }: Chart,
  pointed: number | undefined,
): void {
  for (const { kind, points, dash } of lines) {
    const isPerEpoch = kind === 'validation' || kind === 'test';
    const isDotted = points.length <= (isPerEpoch ? POINTS_SHOWN_MAX : 1);
    const look = { ...LOOKS[kind], ...(dash && { dash }) };
    drawLine(context, frame, points, { ...look, ...(isDotted && { radius: 2.5 }) });
  }
  if (pointed !== undefined) drawVertical(context, frame, frame.x(pointed), '--ink', [3, 3]);
}

/** Vertical lines through a chart, with their names if `isNamed`. */
function drawMilestones(
  context: Context,
  frame: Frame,
  { best, patience, xRange }: CurveModel,
  isNamed: boolean,
): void {
  const { plot } = frame;
  const draw = (place: Milestone | undefined, name: string, line: number, dash: number[]) => {
    if (!place || place.x > xRange[1]) return;
    const x = frame.x(place.x);
    drawVertical(context, frame, x, '--quiet', dash);
    if (!isNamed) return;
    const isRight = x > plot.x + plot.width / 2;
    beginText(context, isRight ? 'right' : 'left');
    write(context, '--quiet', [name], [x + (isRight ? -5 : 5), plot.y + 8 + 16 * line]);
  };
  draw(best, `best: epoch ${best?.epoch}`, 0, []);
  draw(patience, `patience ends: epoch ${patience?.epoch}`, 1, [3, 3]);
}

/** A row for each kind of incident, below the upper chart. */
function drawRows(context: Context, { plot, x }: Frame, rows: readonly MarkRow[]): void {
  beginText(context, 'right');
  rows.forEach(({ mark, marks }, row) => {
    const y = plot.y + plot.height + 4 + (row + 0.5) * ROW_HEIGHT;
    const color = MARK_COLORS[mark];
    write(context, color, [mark], [plot.x - 12, y]);
    const shape = new Path2D(MARK_SHAPES[mark]);
    let free = Number.NEGATIVE_INFINITY;
    for (const { from, to } of marks) {
      const [start, end] = [x(from), x(to)];
      if (end - start > 1)
        fillRect(context, color, { x: start, y: y - 1, width: end - start, height: 2 });
      // Those that would hide one another are one.
      if (start < free) continue;
      free = start + 3;
      context.translate(start, y);
      context.fill(shape);
      context.translate(-start, -y);
    }
  });
}
