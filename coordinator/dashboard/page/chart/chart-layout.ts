import type { Rect } from '../drawing/rect.ts';
import { createScale, type Scale, type Span, ticksOf } from './scale.ts';

/** An area between two values, from left to right. */
export type Area = readonly (readonly [x: number, low: number, high: number])[];

export interface Axis extends Span {
  /** The texts of its ticks. Undefined: they have none. */
  readonly textsOf?: (ticks: readonly number[]) => readonly string[];
  /** What the values are, with their unit. */
  readonly title?: string;
  /** The smallest distance of its ticks. */
  readonly sizeMin?: number;
}

export interface ChartOptions {
  readonly x: Axis;
  readonly y: Axis;
  readonly height: number;
  /** The room beside the lines. The left one has the texts of the y axis. */
  readonly left?: number;
  readonly right?: number;
  /** The room below the lines, with the texts and the title of the x axis. */
  readonly bottom?: number;
}

export interface Tick {
  readonly pixel: number;
  readonly text: string;
}

/** Where the parts of a chart are. */
export interface Frame {
  /** Where the lines are. */
  readonly plot: Rect;
  readonly x: Scale;
  readonly y: Scale;
  readonly xTicks: readonly Tick[];
  readonly yTicks: readonly Tick[];
  readonly xTitle: string | undefined;
  readonly yTitle: string | undefined;
}

/** The least distances of ticks, in pixels. */
const X_DISTANCE = 50;
const Y_DISTANCE = 26;
const LINE_HEIGHT = 20;

export function frameOf(options: ChartOptions, width: number): Frame {
  const { x: xAxis, y: yAxis, height, left = 60, right = 20 } = options;
  const { bottom = xAxis.title ? 24 + LINE_HEIGHT : 24 } = options;
  const top = yAxis.title ? 8 + LINE_HEIGHT : 8;
  const plot = {
    x: left,
    y: top,
    width: Math.max(1, width - left - right),
    height: Math.max(1, height - top - bottom),
  };
  const x = createScale(xAxis, left, left + plot.width);
  const y = createScale(yAxis, top + plot.height, top);
  return {
    plot,
    x,
    y,
    xTicks: place(xAxis, x, plot.width / X_DISTANCE),
    yTicks: place(yAxis, y, plot.height / Y_DISTANCE),
    xTitle: xAxis.title,
    yTitle: yAxis.title,
  };
}

function place(axis: Axis, scale: Scale, most: number): Tick[] {
  const ticks = ticksOf(axis, Math.max(2, Math.floor(most)), axis.sizeMin);
  const texts = axis.textsOf?.(ticks);
  return ticks.map((tick, i) => ({ pixel: scale(tick), text: texts?.[i] ?? '' }));
}
