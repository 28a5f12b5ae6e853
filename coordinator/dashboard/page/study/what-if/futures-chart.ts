import { drawAxes, drawLine } from '../../chart/chart-drawing.ts';
import { frameOf } from '../../chart/chart-layout.ts';
import { shortNumbers } from '../../chart/scale.ts';
import { beginText, type Context, write } from '../../drawing/brush.ts';
import type { Futures } from './branch.ts';
import { offChart } from './futures-text.ts';

/** Losses far above the run's own are cut off, so that its own line is more than a floor. */
const ABOVE_MAX = 6;

/** Draws the losses of both futures. */
export function drawFutures(
  context: Context,
  { step, stepCount, own, other }: Futures,
  width: number,
  height: number,
): void {
  const ownMax = Math.max(...own.filter(Number.isFinite));
  const highest = Math.max(ownMax, ...other.filter(Number.isFinite));
  const to = Math.min(highest, ABOVE_MAX * ownMax) * 1.05;
  const yTo = Number.isFinite(to) && to > 0 ? to : 1;
  const frame = frameOf(
    {
      x: { from: step, to: step + stepCount, sizeMin: 1, textsOf: shortNumbers, title: 'step' },
      y: { from: 0, to: yTo, textsOf: shortNumbers },
      height,
    },
    width,
  );
  drawAxes(context, frame);
  // A loss that is no number is above everything: its line goes on to the upper edge.
  const points = (losses: readonly number[]) =>
    losses.map((loss, i) => [step + i, Number.isFinite(loss) ? loss : 2 * yTo] as const);
  drawLine(context, frame, points(other), { color: '--wrong', width: 2, dash: [7, 3] });
  drawLine(context, frame, points(own), { color: '--right', width: 3 });
  const off = offChart(other, yTo);
  if (!off) return;
  // Beside the line, where there is more room.
  const isAfter = off.to < stepCount / 2;
  const x = frame.x(step + (isAfter ? off.to : off.from)) + (isAfter ? 12 : -8);
  beginText(context, isAfter ? 'left' : 'right');
  write(context, '--wrong', [off.text], [x, frame.plot.y + 10]);
}
