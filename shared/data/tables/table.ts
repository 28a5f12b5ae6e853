import { LockstepError } from '../../errors.ts';
import { printable } from '../../printable.ts';
import type { DateOrder } from './cells.ts';

/** A column of numbers, or of dates as days since 1970-01-01 UTC. NaN is a missing value. */
export interface NumberColumn {
  readonly name: string;
  readonly kind: 'number' | 'date';
  /** Of dates with slashes. */
  readonly first?: DateOrder;
  /** [rows] */
  readonly values: Float64Array;
}

/** A column of text. */
export interface TextColumn {
  readonly name: string;
  readonly kind: 'text';
  /** The different texts, in the order of their first rows. */
  readonly texts: readonly string[];
  /** [rows], each an index of `texts`, or -1 for a missing value. */
  readonly codes: Int32Array;
}

export type Column = NumberColumn | TextColumn;

export interface Table {
  readonly rowCount: number;
  readonly columns: readonly Column[];
}

/** The value of a row: a number, a text, or undefined if it is missing. */
export function valueAt(column: Column, row: number): number | string | undefined {
  if (column.kind === 'text') return column.texts[column.codes[row]];
  const value = column.values[row];
  return Number.isNaN(value) ? undefined : value;
}

/** Creates a column of texts. Undefined is a missing value. */
export function textColumn(name: string, values: readonly (string | undefined)[]): TextColumn {
  const known = new Map<string, number>();
  const codes = Int32Array.from(values, (text) => {
    if (text === undefined) return -1;
    const code = known.get(text) ?? known.size;
    known.set(text, code);
    return code;
  });
  return { name, kind: 'text', texts: [...known.keys()], codes };
}

/** The column without some rows. */
export function selectRows(column: Column, rows: Uint32Array): Column {
  if (column.kind === 'text')
    return { ...column, codes: Int32Array.from(rows, (row) => column.codes[row]) };
  return { ...column, values: Float64Array.from(rows, (row) => column.values[row]) };
}

/** The place of the column with a name. Throws a `USAGE` error that lists the names. */
export function columnIndex(columns: readonly Column[], name: string, flag: string): number {
  const index = columns.findIndex((column) => column.name === name);
  if (index >= 0) return index;
  throw new LockstepError(
    'USAGE',
    `${flag} ${printable(name)}: there is no such column. The columns are ${listOf(columns)}.`,
  );
}

const SHOWN_NAMES = 12;

/** The names of columns, at most a dozen of them. */
export function listOf(columns: readonly { readonly name: string }[]): string {
  const shown = columns.slice(0, SHOWN_NAMES).map(({ name }) => printable(name));
  const rest = columns.length - shown.length;
  return `${shown.join(', ')}${rest > 0 ? ` and ${rest} more` : ''}`;
}
