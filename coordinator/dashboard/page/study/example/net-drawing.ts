import { type ColumnStudy, isLocked } from '../../../../../shared/study/columns.ts';
import { beginText, type Context, strokeLines, strokeRect, write } from '../../drawing/brush.ts';
import { formatCount } from '../../format.ts';
import { mosaicOf } from './mosaic.ts';
import {
  type Band,
  layOutNet,
  type NetCell,
  TEXT_BOTTOM,
  TEXT_TOP,
  type UnitKey,
  unitRect,
  unitSize,
} from './net-layout.ts';
import { columnName, isBackward, isForward, lockedCount, type Progress } from './net-text.ts';
import { paintValues, reachOf, type ValueKind } from './paint-values.ts';
import { showFour } from './sums.ts';

/** All that is drawn of a net for one example. */
export interface NetPicture {
  readonly columns: readonly ColumnStudy[];
  /** Those of the example, which the last column has. */
  readonly outputs: Float32Array;
  readonly targets: Float32Array;
  readonly names: readonly string[];
  readonly progress: Progress;
  readonly chosen: UnitKey;
  /** The units of the column before whose products are the largest, and those of the next. */
  readonly before: readonly number[];
  readonly after: readonly number[];
}

/** What one cell shows; undefined: nothing, because nothing is there or it comes later. */
interface Content {
  readonly title: string;
  readonly values: Float32Array | undefined;
  readonly kind: ValueKind;
  readonly note: string;
}

const mosaics = new WeakMap<readonly ColumnStudy[], ReturnType<typeof mosaicOf>[]>();

/** The mosaics of a net's columns. */
export function mosaicsOf(columns: readonly ColumnStudy[]) {
  const found = mosaics.get(columns) ?? columns.map(({ shape }) => mosaicOf(shape));
  mosaics.set(columns, found);
  return found;
}

export function paintNet(
  context: Context,
  picture: NetPicture,
  width: number,
  pointed: UnitKey | undefined,
): void {
  const cells = layOutNet(mosaicsOf(picture.columns), width);
  for (const cell of cells) paintCell(context, cell, picture);
  paintLinks(context, cells, picture);
  // Names and numbers are readable before the lines.
  for (const cell of cells) paintTexts(context, cell, picture);
  for (const cell of cells) {
    if (cell.column === picture.chosen.column) frame(context, cell, picture.chosen.unit, 2);
    if (cell.column === pointed?.column) frame(context, cell, pointed.unit, 1);
  }
}

function contentOf({ column, band }: NetCell, picture: NetPicture): Content {
  const { columns, outputs, targets, progress } = picture;
  const study = columns[column];
  const isLast = column === columns.length - 1;
  const forward = isForward(progress, column);
  const values = isLast ? outputs : study.values;
  switch (band) {
    case 'values':
      return {
        title: isLast ? `${columnName(study, column)}: output` : columnName(study, column),
        values: forward ? values : undefined,
        kind: column === 0 && study.layers.length === 0 ? 'brightness' : 'signed',
        note: forward ? `largest ${showFour(reachOf(values))}` : '',
      };
    case 'slopes':
      if (isLast) return { title: 'desired', values: targets, kind: 'signed', note: '' };
      return {
        title: study.slopes && column > 0 ? 'slope' : '',
        values: forward && column > 0 ? study.slopes : undefined,
        kind: 'slopes',
        note: forward && column > 0 && study.slopes ? lockNote(study) : '',
      };
    case 'deltas': {
      const deltas = isBackward(progress, column) ? study.deltas : undefined;
      const title = isLast ? 'δ = output − desired' : 'δ';
      return {
        title: column === 0 ? '' : title,
        values: deltas,
        kind: 'signed',
        note: deltas ? `largest ${showFour(reachOf(deltas))}` : '',
      };
    }
  }
}

function lockNote(study: ColumnStudy): string {
  const count = lockedCount(study);
  return count > 0 ? `${formatCount(count)} locked` : 'none locked';
}

function paintTexts(context: Context, cell: NetCell, picture: NetPicture): void {
  const { room, column } = cell;
  const { title, note } = contentOf(cell, picture);
  const middle = room.x + room.width / 2;
  beginText(context, 'center');
  const short = title.replace(/:.*| =.*|, .*/, '');
  write(context, '--ink', [title, short], [middle, room.y + TEXT_TOP / 2], room.width - 4);
  const below = room.y + room.height - TEXT_BOTTOM / 2;
  const number = note.replace('largest ', '');
  write(context, '--quiet', [note, number], [middle, below], room.width - 4);
  if (column === picture.columns.length - 1) paintNames(context, cell, picture.names);
}

function paintCell(context: Context, cell: NetCell, picture: NetPicture): void {
  const { rect, mosaic, band } = cell;
  const { title, values, kind } = contentOf(cell, picture);
  if (values) {
    paintValues(context, values, mosaic, rect, kind);
    strokeRect(context, '--line', rect, 0.5);
  } else if (title !== '') strokeRect(context, '--line', rect, 1, [3, 3]);
  if (values && band === 'slopes' && kind === 'slopes') paintLocks(context, cell, values);
}

/** A lock where no error passes, if there is room for it. */
function paintLocks(context: Context, cell: NetCell, slopes: Float32Array): void {
  const size = unitSize(cell);
  if (size < 8) return;
  for (const [unit, slope] of slopes.entries()) {
    if (!isLocked(slope)) continue;
    const { x, y } = unitRect(cell, unit);
    context.save();
    context.translate(x + size / 2, y + size / 2);
    context.scale(size / 14, size / 14);
    paintLock(context);
    context.restore();
  }
}

/** A lock of 8 × 10 units around the origin. */
function paintLock(context: Context): void {
  const color = '--quiet';
  strokeLines(context, color, 1.5, [
    [-2.5, 0],
    [-2.5, -3],
    [-1, -4.5],
    [1, -4.5],
    [2.5, -3],
    [2.5, 0],
  ]);
  strokeLines(context, color, 4.5, [
    [-4, 2.5],
    [4, 2.5],
  ]);
}

/** The classes beside the outputs, if there is room. */
function paintNames(context: Context, cell: NetCell, names: readonly string[]): void {
  if (cell.mosaic.columns > 1 || unitSize(cell) < 9) return;
  beginText(context, 'left');
  for (const [unit, name] of names.entries()) {
    const { x, y, width, height } = unitRect(cell, unit);
    const left = x + width + 4;
    const room = cell.room.x + cell.room.width - left;
    write(context, '--ink', [name, name.slice(0, 8), String(unit)], [left, y + height / 2], room);
  }
}

/** Lines to the units whose products are the largest: forward above, backward below. */
function paintLinks(context: Context, cells: readonly NetCell[], picture: NetPicture): void {
  const { chosen, before, after, progress } = picture;
  const connect = (band: Band, column: number, units: readonly number[]) => {
    const own = cells.find((cell) => cell.column === chosen.column && cell.band === band);
    const other = cells.find((cell) => cell.column === column && cell.band === band);
    if (!own || !other) return;
    const to = centerOf(own, chosen.unit);
    for (const unit of units) strokeLines(context, '--quiet', 1, [centerOf(other, unit), to]);
  };
  if (isForward(progress, chosen.column)) connect('values', chosen.column - 1, before);
  if (isBackward(progress, chosen.column)) connect('deltas', chosen.column + 1, after);
}

function centerOf(cell: NetCell, unit: number): [number, number] {
  const { x, y, width, height } = unitRect(cell, unit);
  return [x + width / 2, y + height / 2];
}

/** The frame of a unit. It is wider than a unit that is too small to be seen. */
function frame(context: Context, cell: NetCell, unit: number, lineWidth: number): void {
  const { x, y, width } = unitRect(cell, unit);
  const size = Math.max(width + 2, 7);
  const shift = (width - size) / 2;
  const rect = { x: x + shift, y: y + shift, width: size, height: size };
  strokeRect(context, '--ink', rect, lineWidth);
}
