import { drawAxes, drawLine } from '../../chart/chart-drawing.ts';
import { frameOf } from '../../chart/chart-layout.ts';
import { shortNumbers } from '../../chart/scale.ts';
import type { Context } from '../../drawing/brush.ts';
import type { Futures } from './branch.ts';

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
  const frame = frameOf(
    {
      x: { from: step, to: step + stepCount, sizeMin: 1, textsOf: shortNumbers, title: 'step' },
      y: { from: 0, to: Number.isFinite(to) && to > 0 ? to : 1, textsOf: shortNumbers },
      height,
    },
    width,
  );
  drawAxes(context, frame);
  const points = (losses: readonly number[]) =>
    losses.flatMap((loss, i) => (Number.isFinite(loss) ? [[step + i, loss] as const] : []));
  drawLine(context, frame, points(other), { color: '--wrong', width: 2, dash: [7, 3] });
  drawLine(context, frame, points(own), { color: '--right', width: 3 });
}
