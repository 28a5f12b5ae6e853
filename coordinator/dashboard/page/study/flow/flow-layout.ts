import { createScale, type Scale, shortNumbers, ticksOf } from '../../chart/scale.ts';
import type { Rect } from '../../drawing/rect.ts';

/** Rows of values on a logarithmic axis, in one or more columns beside each other. */
export interface FlowColumn {
  readonly title: string;
  /** The values of each row, oldest first. Those that are not positive have no place. */
  readonly values: readonly (readonly number[])[];
}

export interface PlacedColumn extends FlowColumn {
  readonly plot: Rect;
  readonly x: Scale;
  readonly ticks: readonly { readonly pixel: number; readonly text: string }[];
}

export const ROW_HEIGHT = 26;
const TOP = 24;
const BOTTOM = 24;
const GAP = 36;
/** Half of the last tick's text. */
const RIGHT = 16;
const TICK_DISTANCE = 56;

export const heightOf = (rowCount: number): number => TOP + rowCount * ROW_HEIGHT + BOTTOM;

/** The middle of a row. */
export const rowY = (row: number): number => TOP + (row + 0.5) * ROW_HEIGHT;

/** The row at a height; undefined outside of all rows. */
export function rowAt(y: number, rowCount: number): number | undefined {
  const row = Math.floor((y - TOP) / ROW_HEIGHT);
  return row >= 0 && row < rowCount ? row : undefined;
}

/** `left` is the room of the names. With `isShared`, all columns have the same axis. */
export function placeColumns(
  columns: readonly FlowColumn[],
  width: number,
  left: number,
  isShared: boolean,
): PlacedColumn[] {
  const all = spanOf(columns.flatMap(({ values }) => values.flat()));
  const columnWidth = Math.max(
    1,
    (width - left - RIGHT - GAP * (columns.length - 1)) / columns.length,
  );
  return columns.map((column, i) => {
    const { values } = column;
    const plot = {
      x: left + i * (columnWidth + GAP),
      y: TOP,
      width: columnWidth,
      height: values.length * ROW_HEIGHT,
    };
    const span = isShared ? all : spanOf(values.flat());
    const x = createScale(span, plot.x, plot.x + plot.width);
    const ticks = ticksOf(span, Math.max(2, Math.floor(columnWidth / TICK_DISTANCE)));
    const texts = shortNumbers(ticks);
    return {
      ...column,
      plot,
      x,
      ticks: ticks.map((tick, k) => ({ pixel: x(tick), text: texts[k] })),
    };
  });
}

/** Whole powers of ten around all positive values. */
function spanOf(values: readonly number[]) {
  const powers = values
    .filter((value) => value > 0 && Number.isFinite(value))
    .map((value) => Math.log10(value));
  if (powers.length === 0) return { from: 0.1, to: 1, isLog: true };
  const from = powers.reduce((a, b) => Math.min(a, b));
  const to = powers.reduce((a, b) => Math.max(a, b));
  const low = Math.floor(from);
  return {
    from: Number(`1e${low}`),
    to: Number(`1e${Math.max(Math.ceil(to), low + 1)}`),
    isLog: true,
  };
}
