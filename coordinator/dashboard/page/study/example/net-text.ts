import type { PlannedLayer } from '../../../../../shared/engine/layers/layer-plan.ts';
import { type ColumnStudy, isLocked } from '../../../../../shared/study/columns.ts';
import { placeOf } from '../../../../../shared/study/links.ts';
import { formatCount, formatQuantity } from '../../format.ts';

/** "dense1, relu", "conv2, batch norm, relu", "pixels", or "inputs" of a table. */
export function columnName(
  { layers, shape }: Pick<ColumnStudy, 'layers' | 'shape'>,
  at: number,
): string {
  const names = layers.map(nameOfLayer);
  const isImage = shape.height * shape.width > 1;
  return (at === 0 ? [isImage ? 'pixels' : 'inputs', ...names] : names).join(', ');
}

function nameOfLayer({ spec, name }: PlannedLayer): string {
  if (spec.type === 'activation') return spec.function;
  if (spec.type === 'batch-norm') return 'batch norm';
  return spec.type === 'dropout' ? 'dropout' : name;
}

/** "output 3 “Dress”", "unit 17", or "channel 2, row 5, column 7". Names are of the classes. */
export function unitName(
  { shape }: Pick<ColumnStudy, 'shape'>,
  unit: number,
  names: readonly string[] | undefined,
): string {
  if (names) return `output ${unit} “${names[unit]}”`;
  if (shape.width * shape.height === 1) return `unit ${unit}`;
  const [row, column, channel] = placeOf(shape, unit);
  return `${shape.channels > 1 ? `channel ${channel}, ` : ''}row ${row}, column ${column}`;
}

/** The number of units whose slope is zero or nearly. */
export const lockedCount = ({ slopes }: Pick<ColumnStudy, 'slopes'>): number =>
  slopes?.reduce((count, slope) => count + (isLocked(slope) ? 1 : 0), 0) ?? 0;

/** How far a reader has gone: forward through the columns, to the error, and back. */
export interface Progress {
  /** From 0 to `stageCount` − 1. */
  readonly stage: number;
  readonly columnCount: number;
}

/** The pixels, each column forward, the error, each hidden column backward, and the end. */
export const stageCount = (columnCount: number): number => 2 * columnCount;

/** Whether the values of a column are computed. */
export const isForward = ({ stage }: Progress, column: number): boolean => column <= stage;

/** Whether the errors of a column are computed. The input has none. */
export const isBackward = ({ stage, columnCount }: Progress, column: number): boolean =>
  column > 0 && stage >= 2 * columnCount - 1 - column;

const inputText = (column: ColumnStudy): string =>
  `The input: ${formatCount(column.values.length)} ` +
  (columnName({ ...column, layers: [] }, 0) === 'pixels' ? 'pixels from 0 to 1.' : 'numbers.');

/** What the newest stage has computed, as a sentence. */
export function stageText(columns: readonly ColumnStudy[], stage: number): string {
  const columnCount = columns.length;
  const last = columnCount - 1;
  if (stage === 0) return inputText(columns[0]);
  if (stage <= last) return forwardText(columns[stage], stage, stage === last);
  if (stage === columnCount)
    return 'The error of each output: δ = output − target. Now it goes backward.';
  if (stage > 2 * columnCount - 2) return doneText(columnCount);
  const column = 2 * columnCount - 1 - stage;
  return backwardText(columns[column], columns[column + 1], column);
}

function forwardText(column: ColumnStudy, at: number, isLast: boolean): string {
  const { layers, values } = column;
  const count = formatQuantity(values.length, isLast ? 'output' : 'unit');
  const kind = layers[0].spec.type;
  if (kind === 'max-pool') return `Forward through ${columnName(column, at)}: the largest pixels.`;
  if (kind === 'average-pool') return `Forward through ${columnName(column, at)}: the means.`;
  const formula = layers.length > 1 ? 'z = Σ w·a + b, then a = f(z)' : 'z = Σ w·a + b';
  return `Forward through ${columnName(column, at)}: ${count}, ${formula}.`;
}

function backwardText(column: ColumnStudy, next: ColumnStudy, at: number): string {
  const locked = lockedCount(column);
  const lock =
    locked > 0
      ? `${formatCount(locked)} of ${formatCount(column.values.length)} units are locked.`
      : 'No unit is locked.';
  return (
    `Backward from ${columnName(next, at + 1)} to ${columnName(column, at)}: ` +
    `δ = (Σ w·δ) · slope. ${column.slopes ? lock : 'Here the slope is 1.'}`
  );
}

const doneText = (columnCount: number): string =>
  columnCount > 2
    ? 'Each unit has its δ, and each weight its ∂L/∂w = a · δ.'
    : 'This net has no hidden layer: each weight has its ∂L/∂w = pixel · δ at once.';

/** What a lock at a unit means. */
export const lockText = (slope: number): string =>
  slope === 0
    ? 'This unit passes no error back: its slope is 0.'
    : 'This unit passes almost no error back: its slope is nearly 0.';
