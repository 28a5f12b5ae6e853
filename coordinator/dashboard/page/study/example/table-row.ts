import type { TableColumn } from '../../../../../shared/data/manifest.ts';
import { columnInputs } from '../../../../../shared/data/target.ts';
import { shortNumber } from '../../format.ts';

const DAY_MS = 86_400_000;

/** The row of a table that inputs were made of: the name and the text of each column. */
export function rowOf(
  columns: readonly TableColumn[],
  inputs: ArrayLike<number>,
): [name: string, text: string][] {
  let at = 0;
  return columns.map((column) => {
    const values = Array.from({ length: columnInputs(column) }, (_, i) => inputs[at + i]);
    at += values.length;
    return [column.name, textOf(column, values)];
  });
}

function textOf(column: TableColumn, values: readonly number[]): string {
  if (column.kind === 'text') return column.values[values.indexOf(1)] ?? 'another text';
  const [value, missing] = values;
  if (missing === 1) return 'missing';
  const number = value * column.deviation + column.mean;
  if (column.kind === 'number') return shortNumber(number).replace('-', '−');
  return new Date(Math.round(number) * DAY_MS).toISOString().slice(0, 10);
}
