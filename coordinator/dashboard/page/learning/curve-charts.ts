import { type Frame, frameOf } from '../chart/chart-layout.ts';
import { nearestIndex } from '../chart/line-path.ts';
import { shortNumbers } from '../chart/scale.ts';
import type { Choices } from '../ui.ts';
import type { CurveModel } from './curve-model.ts';

/** Where the curves are, and what the user points at, without a document. */

/** The height of a row of incidents, in CSS pixels. */
export const ROW_HEIGHT = 16;

export const ACCURACY_HEIGHT = 216;

/** The height of the upper chart, which has a row for each kind of incident. */
export const lossHeight = ({ rows }: CurveModel): number => 268 + rows.length * ROW_HEIGHT;

type Logs = Pick<Choices, 'isLogX' | 'isLogY'>;

/** The upper chart. It has rows of incidents instead of texts on its x axis. */
export function lossFrame(model: CurveModel, { isLogX, isLogY }: Logs, width: number): Frame {
  const [from, to] = model.loss.range;
  return frameOf(
    {
      x: { ...xAxisOf(model), isLog: isLogX },
      y: { from, to, isLog: isLogY, textsOf: shortNumbers },
      height: lossHeight(model),
      bottom: model.rows.length * ROW_HEIGHT + 4,
    },
    width,
  );
}

export function accuracyFrame(model: CurveModel, { isLogX }: Logs, width: number): Frame {
  const [from, to] = model.accuracy.range;
  return frameOf(
    {
      x: { ...xAxisOf(model), isLog: isLogX, textsOf: shortNumbers, title: model.axis.label },
      y: { from, to, textsOf: model.isR2 ? shortNumbers : percentages },
      height: ACCURACY_HEIGHT,
    },
    width,
  );
}

/** Steps and examples are whole; epochs and seconds have parts. */
const xAxisOf = ({ xRange: [from, to], axis: { label } }: CurveModel) => ({
  ...{ from, to },
  sizeMin: label === 'step' || label === 'examples' ? 1 : 0,
});

const percentages = (ticks: readonly number[]): string[] =>
  ticks.map((tick) => `${Math.round(tick * 1000) / 10} %`);

/** The x value that the crosshair takes near a pixel. Undefined beside the lines. */
export function placeAt({ xs }: CurveModel, { plot, x }: Frame, pixel: number): number | undefined {
  if (pixel < plot.x - 8 || pixel > plot.x + plot.width + 8) return undefined;
  return xs[nearestIndex(xs, x.valueAt(pixel))];
}

/** The x value that an arrow key leads to; from nowhere, the last one. */
export function placeBeside(
  { xs }: CurveModel,
  place: number | undefined,
  arrow: string,
): number | undefined {
  if (place === undefined) return xs.at(-1);
  const by = arrow === 'ArrowLeft' ? -1 : arrow === 'ArrowRight' ? 1 : 0;
  return xs[nearestIndex(xs, place) + by];
}
