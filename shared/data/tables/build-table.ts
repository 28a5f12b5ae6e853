import { LockstepError } from '../../errors.ts';
import { printable } from '../../printable.ts';
import {
  type CellType,
  cellPlace,
  DATE_ORDERS,
  type DateOrder,
  daysIn,
  hasDecimalComma,
  isMissing,
  numberIn,
  textIn,
  valueIn,
} from './cells.ts';
import type { Column, Table } from './table.ts';

/** A row of a file of text. */
export interface TextRow {
  readonly cells: readonly string[];
  /** The line of the file where the row is, from 1 on. */
  readonly line: number;
}

/** A table as text, which can be read more than once. */
export interface TextTable {
  readonly names: readonly string[];
  /** Whether a comma may stand before the decimals of a number. */
  readonly allowsComma: boolean;
  rows(): AsyncIterable<TextRow>;
}

/** The most values of a table: as numbers they take 2 GiB. */
const VALUES_MAX = 2 ** 28;

/** What was found in the cells of a column. */
interface Findings {
  numbers: number;
  dates: number;
  /** The first date with slashes, and what may be first in all of them: the month or the day. */
  slashed: string | undefined;
  orders: readonly DateOrder[];
  texts: number;
  commas: number;
  /** The first cell that is neither number nor date. */
  oddity: string | undefined;
}

/**
 * Reads a table twice: first what its columns hold, and then the values. A column holds numbers or
 * dates if all of its cells do that are not missing, and else text. `note` gets lines for people.
 * Throws a `DATA` error that names the line.
 */
export async function buildTable(source: TextTable, note: (line: string) => void): Promise<Table> {
  const { rowCount, found } = await inspect(source);
  if (rowCount === 0) throw new LockstepError('DATA', 'the table has no rows: add some.');
  const types = found.map(typeOf);
  const { names, allowsComma } = source;
  for (const [i, findings] of found.entries()) {
    const line = remarkOf(findings);
    if (line !== undefined) note(`column ${printable(names[i])} has ${line}`);
  }
  if (found.some(({ commas }) => commas > 0)) note('decimals stand after a comma');
  const columns = names.map((name, i) => createBuilder(name, types[i], rowCount));
  let row = 0;
  for await (const { cells, line } of source.rows()) {
    for (const [i, builder] of columns.entries()) {
      const place = () => cellPlace(line, names[i]);
      builder.set(row, quickValueIn(cells[i], types[i], allowsComma, place));
    }
    row++;
  }
  return { rowCount, columns: columns.map(({ column }) => column()) };
}

/** As `valueIn`, but names a place only if it has to. */
function quickValueIn(cell: string, type: CellType, allowsComma: boolean, place: () => string) {
  const { kind } = type;
  if (kind === 'number' && !isMissing(cell)) {
    const value = numberIn(cell, allowsComma);
    if (value !== undefined && Number.isFinite(value)) return value;
  }
  return kind === 'text' && !isMissing(cell)
    ? textIn(cell)
    : valueIn(cell, type, allowsComma, place());
}

async function inspect({ names, rows, allowsComma }: TextTable) {
  const found: Findings[] = names.map(() => ({
    numbers: 0,
    dates: 0,
    slashed: undefined,
    orders: DATE_ORDERS,
    texts: 0,
    commas: 0,
    oddity: undefined,
  }));
  let rowCount = 0;
  for await (const { cells, line } of rows()) {
    for (const [i, findings] of found.entries()) look(findings, cells[i], line, allowsComma);
    rowCount++;
    if (rowCount * names.length > VALUES_MAX)
      throw new LockstepError(
        'DATA',
        `the table has more than ${VALUES_MAX} values: take fewer rows or columns.`,
      );
  }
  return { rowCount, found };
}

function look(findings: Findings, cell: string, line: number, allowsComma: boolean): void {
  if (isMissing(cell)) return;
  if (numberIn(cell, allowsComma) !== undefined) {
    findings.numbers++;
    if (allowsComma && hasDecimalComma(cell)) findings.commas++;
    return;
  }
  if (daysIn(cell) !== undefined) {
    findings.dates++;
    return;
  }
  const orders = DATE_ORDERS.filter((first) => daysIn(cell, first) !== undefined);
  if (orders.length > 0) {
    findings.dates++;
    findings.slashed ??= textIn(cell);
    findings.orders = findings.orders.filter((first) => orders.includes(first));
    return;
  }
  findings.texts++;
  findings.oddity ??= `${JSON.stringify(textIn(cell).slice(0, 40))} in line ${line}`;
}

function typeOf({ numbers, dates, slashed, orders, texts }: Findings): CellType {
  if (texts > 0 || (numbers > 0 && dates > 0)) return { kind: 'text' };
  if (dates === 0) return { kind: 'number' };
  if (slashed === undefined) return { kind: 'date' };
  return orders.length === 1 ? { kind: 'date', first: orders[0] } : { kind: 'text' };
}

/** What people should know of a column, after "column age has ". */
function remarkOf({ numbers, dates, slashed, orders, texts, oddity }: Findings) {
  // A few words among many numbers are mostly a mistake.
  const isOdd = (count: number) => oddity !== undefined && count > 0.9 * (count + texts);
  const kind = isOdd(numbers) ? 'numbers' : isOdd(dates) ? 'dates' : undefined;
  if (kind)
    return (
      `${kind}, but also ${oddity}: it is taken for text. ` +
      `Correct that cell, or leave it empty, for ${kind}.`
    );
  if (slashed === undefined || texts > 0 || numbers > 0) return undefined;
  if (orders.length === 1) return `dates with the ${orders[0]} first, such as ${slashed}`;
  const order =
    orders.length === 0
      ? 'some with the month first and some with the day first'
      : 'and none tells whether the month or the day is first';
  return `dates such as ${slashed}, ${order}: it is taken for text. For dates, write 2026-11-26.`;
}

interface ColumnBuilder {
  set(row: number, value: number | string | undefined): void;
  column(): Column;
}

function createBuilder(name: string, { kind, first }: CellType, rowCount: number): ColumnBuilder {
  if (kind === 'text') {
    const known = new Map<string, number>();
    const codes = new Int32Array(rowCount).fill(-1);
    return {
      set(row, value) {
        if (value === undefined) return;
        const text = String(value);
        const code = known.get(text) ?? known.size;
        known.set(text, code);
        codes[row] = code;
      },
      column: () => ({ name, kind, texts: [...known.keys()], codes }),
    };
  }
  const values = new Float64Array(rowCount).fill(Number.NaN);
  return {
    set(row, value) {
      if (value !== undefined) values[row] = Number(value);
    },
    column: () => ({ name, kind, ...(first && { first }), values }),
  };
}
