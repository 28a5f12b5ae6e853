import type { Rect } from '../../drawing/rect.ts';
import { cellOf, type Mosaic, type Place, placeMosaic, unitAt } from './mosaic.ts';

/** What a net's picture shows of each column: activations, slopes and errors. */
export const BANDS = ['values', 'slopes', 'deltas'] as const;
export type Band = (typeof BANDS)[number];

/** A unit of the picture. */
export interface UnitKey {
  readonly column: number;
  readonly unit: number;
}

/** The picture of one column's values in one band. */
export interface NetCell {
  readonly column: number;
  readonly band: Band;
  readonly mosaic: Mosaic;
  /** The cell with its texts. */
  readonly room: Rect;
  /** The values themselves. */
  readonly rect: Rect;
}

/** In CSS pixels: the texts above and below the values, and the space around them. */
export const TEXT_TOP = 18;
export const TEXT_BOTTOM = 18;
const GAP = 8;
const UNIT_MAX = 22;
/** The names of the bands. */
const MARGIN = 20;
const [CELL_HEIGHT, NARROW_CELL_HEIGHT] = [176, 132];
/** A unit with a name is as high as its text. */
const NAMED_HEIGHT = 14;
/** Room for the outputs and their names. */
const NAMED_WIDTH = 104;

/** Below this width, the layers go from top to bottom instead of left to right. */
const NARROW = 560;

export const isNarrow = (width: number): boolean => width < NARROW;

/** In CSS pixels. */
export const netHeight = (mosaics: readonly Mosaic[], width: number): number =>
  MARGIN +
  (isNarrow(width)
    ? mosaics.reduce((sum, mosaic) => sum + narrowHeight(mosaic), 0)
    : BANDS.length * CELL_HEIGHT);

/** Units in one column may have names beside them. */
const isNamed = ({ shape, columns }: Mosaic): boolean =>
  columns === 1 && shape.height * shape.width === 1;

const narrowHeight = (mosaic: Mosaic): number =>
  isNamed(mosaic)
    ? Math.max(NARROW_CELL_HEIGHT, mosaic.height * NAMED_HEIGHT + TEXT_TOP + TEXT_BOTTOM)
    : NARROW_CELL_HEIGHT;

/** The width of each column. On a wide page, the last one has room for names. */
function widthsOf(mosaics: readonly Mosaic[], width: number): number[] {
  if (isNarrow(width)) return mosaics.map(() => width / BANDS.length);
  const equal = width / mosaics.length;
  const last = mosaics[mosaics.length - 1];
  const lastWidth = isNamed(last) ? Math.max(equal, NAMED_WIDTH) : equal;
  const others = (width - lastWidth) / Math.max(1, mosaics.length - 1);
  return mosaics.map((_, i) => (i === mosaics.length - 1 ? lastWidth : others));
}

/** Places the columns of a net. */
export function layOutNet(mosaics: readonly Mosaic[], width: number): NetCell[] {
  const narrow = isNarrow(width);
  const widths = widthsOf(mosaics, width);
  return mosaics.flatMap((mosaic, column) =>
    BANDS.map((band, row): NetCell => {
      const roomHeight = narrow ? narrowHeight(mosaic) : CELL_HEIGHT;
      const roomWidth = widths[column];
      const x = narrow ? row * roomWidth : column * widths[0];
      const y = narrow ? netHeight(mosaics.slice(0, column), width) : MARGIN + row * roomHeight;
      const room = { x, y, width: roomWidth, height: roomHeight };
      const inner = {
        x: x + GAP / 2,
        y: y + TEXT_TOP,
        width: roomWidth - GAP,
        height: roomHeight - TEXT_TOP - TEXT_BOTTOM,
      };
      const rect = placeMosaic(mosaic, inner, UNIT_MAX);
      // The names of the classes stand beside the outputs.
      const hasNames = column === mosaics.length - 1 && mosaic.columns === 1;
      const left = hasNames ? inner.x + inner.width / 6 : rect.x;
      return { column, band, mosaic, room, rect: { ...rect, x: left } };
    }),
  );
}

/** The side of one value. */
export const unitSize = ({ rect, mosaic }: NetCell): number => rect.width / mosaic.width;

/** The square of a unit. */
export function unitRect(cell: NetCell, unit: number): Rect {
  const size = unitSize(cell);
  const [x, y] = cellOf(cell.mosaic, unit);
  return { x: cell.rect.x + x * size, y: cell.rect.y + y * size, width: size, height: size };
}

/** The unit at a place. */
export function unitAtPoint(cells: readonly NetCell[], [x, y]: Place): UnitKey | undefined {
  for (const cell of cells) {
    const { rect, mosaic, column } = cell;
    const size = unitSize(cell);
    const unit = unitAt(mosaic, [(x - rect.x) / size, (y - rect.y) / size]);
    if (unit !== undefined) return { column, unit };
  }
  return undefined;
}

/** The unit that an arrow key leads to: beside it, or over the edge in the next column. */
export function unitBeside(
  mosaics: readonly Mosaic[],
  from: UnitKey | undefined,
  arrow: string,
): UnitKey | undefined {
  if (!from) return { column: mosaics.length - 1, unit: 0 };
  const { column, unit } = from;
  const [dx, dy] = ARROWS[arrow] ?? [0, 0];
  const mosaic = mosaics[column];
  const [x, y] = cellOf(mosaic, unit);
  for (let by = 1; by <= 2; by++) {
    // A gap between two maps is one cell wide.
    const next = unitAt(mosaic, [x + by * dx, y + by * dy]);
    if (next !== undefined) return { column, unit: next };
  }
  const over = mosaics[column + dx];
  return dx !== 0 && over ? { column: column + dx, unit: nearest(over, dx, y, mosaic) } : from;
}

const ARROWS: Readonly<Record<string, Place>> = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
};

/** The unit at the near edge of a mosaic, as high as `y` in the one before. */
function nearest(over: Mosaic, dx: number, y: number, before: Mosaic): number {
  const row = Math.floor((y / before.height) * over.height);
  for (const x of dx > 0 ? [0, 1] : [over.width - 1, over.width - 2]) {
    for (const down of [0, 1, -1]) {
      const unit = unitAt(over, [x, row + down]);
      if (unit !== undefined) return unit;
    }
  }
  return 0;
}
