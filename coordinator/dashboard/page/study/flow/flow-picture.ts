import {
  beginText,
  type Context,
  fillRect,
  paintCircle,
  strokeLines,
  write,
} from '../../drawing/brush.ts';
import type { Picture } from '../../panel/picture.ts';
import {
  type FlowColumn,
  heightOf,
  type PlacedColumn,
  placeColumns,
  ROW_HEIGHT,
  rowAt,
  rowY,
} from './flow-layout.ts';

export interface FlowPicture {
  readonly id: string;
  readonly label: string;
  /** From above to below. */
  readonly names: readonly string[];
  readonly columns: readonly FlowColumn[];
  readonly isShared: boolean;
  readonly storyOf: (row: number) => string;
}

/** A picture whose parts are the rows. */
export function flowPicture(options: FlowPicture): Picture<number> {
  const { id, label, names, columns, isShared, storyOf } = options;
  return {
    ...{ id, label, storyOf },
    height: heightOf(names.length),
    keyOf: String,
    find: (key) => (Number(key) < names.length ? Number(key) : undefined),
    at: (_x, y) => rowAt(y, names.length),
    beside(row, arrow) {
      if (row === undefined) return 0;
      const next = row + (arrow === 'ArrowDown' || arrow === 'ArrowRight' ? 1 : -1);
      return next >= 0 && next < names.length ? next : row;
    },
    draw(context, width, pointed) {
      beginText(context, 'left');
      const left = 12 + Math.max(...names.map((name) => context.measureText(name).width));
      if (pointed !== undefined) {
        const y = rowY(pointed) - ROW_HEIGHT / 2;
        fillRect(context, '--soft', { x: 0, y, width, height: ROW_HEIGHT });
      }
      for (const [row, name] of names.entries()) write(context, '--ink', [name], [0, rowY(row)]);
      for (const column of placeColumns(columns, width, left, isShared))
        drawColumn(context, column);
    },
  };
}

function drawColumn(context: Context, { plot, x, ticks, title, values }: PlacedColumn): void {
  const lower = plot.y + plot.height;
  const lines = ticks.map(({ pixel }) => [
    [Math.round(pixel) + 0.5, plot.y] as const,
    [Math.round(pixel) + 0.5, lower] as const,
  ]);
  strokeLines(context, '--line', 1, ...lines);
  beginText(context, 'left');
  write(context, '--quiet', [title], [plot.x, 10]);
  beginText(context, 'center');
  for (const { pixel, text } of ticks) write(context, '--quiet', [text], [pixel, lower + 13]);
  drawOlder(context, x, values);
  const newest = values.flatMap((row, i) => {
    const value = row.at(-1) ?? 0;
    return value > 0 ? [[x(value), rowY(i)] as const] : [];
  });
  if (newest.length > 0) strokeLines(context, '--accent', 2, newest);
  for (const point of newest) paintCircle(context, '--accent', '--paper', point, 5);
}

/** A stroke for each older sample. The older, the fainter. */
function drawOlder(
  context: Context,
  x: PlacedColumn['x'],
  values: readonly (readonly number[])[],
): void {
  for (const [row, all] of values.entries())
    for (const [i, value] of all.entries())
      if (value > 0 && i < all.length - 1)
        fillRect(
          context,
          '--accent',
          { x: x(value) - 1, y: rowY(row) - 7, width: 2, height: 14 },
          0.1 + (0.4 * i) / all.length,
        );
}
