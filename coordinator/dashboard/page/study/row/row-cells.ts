import type { TableColumn } from '../../../../../shared/data/manifest.ts';
import { columnInputs } from '../../../../../shared/data/target.ts';

/** A cell of a table, as people write it. */
export interface NamedValue {
  readonly name: string;
  readonly value: string;
}

/** The columns of a row with their values, from its inputs. A number has six digits. */
export function rowOf(columns: readonly TableColumn[], inputs: ArrayLike<number>): NamedValue[] {
  let at = 0;
  return columns.map((column) => {
    const own = Array.from({ length: columnInputs(column) }, () => inputs[at++]);
    return { name: column.name, value: cellOf(column, own) };
  });
}

function cellOf(column: TableColumn, own: readonly number[]): string {
  if (column.kind === 'text') return column.values[own.indexOf(1)] ?? 'another, or none';
  if (own[1] === 1) return 'missing';
  const value = own[0] * column.deviation + column.mean;
  if (column.kind === 'number') return String(Number(value.toPrecision(6)));
  return new Date(Math.round(value) * MS_PER_DAY).toISOString().slice(0, 10);
}

const MS_PER_DAY = 86_400_000;
