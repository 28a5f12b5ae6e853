import { LockstepError } from '../../errors.ts';
import { printable } from '../../printable.ts';
import { TABLE_INPUTS_MAX, type TableColumn } from '../manifest.ts';
import { columnInputs } from '../target.ts';
import { AMOUNT_ADVICE, areAmounts } from './cells.ts';
import type { Column, NumberColumn, TextColumn } from './table.ts';

/** More values of a text than these are said. */
const VALUES_WARNED = 64;
/** Fewer rows do not tell row numbers from a measurement that happens to rise. */
const NUMBERED_ROWS_MIN = 10;

/** A column that became inputs: its place in the table, and how. */
export interface FittedColumn {
  readonly index: number;
  readonly column: TableColumn;
}

/**
 * Decides how columns become inputs, from the rows of the training set alone. Means and deviations
 * are taken in the order of the rows, in 64 bits. Columns that cannot tell anything are left out:
 * constant ones, numbers of rows, and texts that are different in most rows. `kept` names columns
 * that stay in spite of that. `note` gets lines for people. Throws a `DATA` error.
 */
export function fitColumns(
  columns: readonly Column[],
  indices: readonly number[],
  trainingRows: Uint32Array,
  kept: ReadonlySet<string>,
  note: (line: string) => void,
): FittedColumn[] {
  const fitted: FittedColumn[] = [];
  const constant: string[] = [];
  for (const index of indices) {
    const column = columns[index];
    const isKept = kept.has(column.name);
    if (!isKept && looksLikeIdentifier(column, trainingRows.length, note)) continue;
    const result =
      column.kind === 'text'
        ? fitText(column, trainingRows, note)
        : fitNumber(column, trainingRows);
    if (result) fitted.push({ index, column: result });
    else constant.push(printable(column.name));
  }
  if (constant.length > 0)
    note(
      `left out, because ${constant.length === 1 ? 'its value is' : 'their values are'} the same ` +
        `in all training rows: ${shortList(constant)}`,
    );
  noteKinds(fitted, columns, trainingRows, note);
  const inputCount = fitted.reduce((sum, { column }) => sum + columnInputs(column), 0);
  if (inputCount === 0)
    throw new LockstepError('DATA', 'no column is left that differs between rows: add one.');
  if (inputCount > TABLE_INPUTS_MAX)
    throw new LockstepError(
      'DATA',
      `the columns make ${inputCount} inputs, more than ${TABLE_INPUTS_MAX}: leave some out with ` +
        '--drop.',
    );
  return fitted;
}

/** Says which columns are dates, and where gaps are filled. */
function noteKinds(
  fitted: readonly FittedColumn[],
  columns: readonly Column[],
  rows: Uint32Array,
  note: (line: string) => void,
): void {
  const dates = fitted.filter(({ column }) => column.kind === 'date');
  if (dates.length > 0)
    note(`read as dates: ${shortList(dates.map(({ column }) => printable(column.name)))}`);
  const gaps = fitted.flatMap(({ index, column: { name } }) => {
    const column = columns[index];
    if (column.kind === 'text') return [];
    const count = rows.reduce((sum, row) => sum + Number(Number.isNaN(column.values[row])), 0);
    return count > 0 ? [`${printable(name)} (${count})`] : [];
  });
  if (gaps.length > 0)
    note(
      `gaps in the ${rows.length} training rows are filled with the mean, and an input says ` +
        `where they were: ${shortList(gaps)}`,
    );
}

const SHOWN_NAMES = 12;

function shortList(names: readonly string[]): string {
  const rest = names.length - SHOWN_NAMES;
  return names.slice(0, SHOWN_NAMES).join(', ') + (rest > 0 ? ` and ${rest} more` : '');
}

function looksLikeIdentifier(
  column: Column,
  trainingCount: number,
  note: (line: string) => void,
): boolean {
  const name = printable(column.name);
  if (column.kind === 'text') {
    const limit = Math.max(VALUES_WARNED, trainingCount / 2);
    if (column.texts.length <= limit) return false;
    const slashed = column.texts.every((text) => /^\d{1,2}\/\d{1,2}\/\d{2,4}$/.test(text));
    const advice = slashed
      ? 'For dates, write 2026-11-26.'
      : areAmounts(column.texts)
        ? AMOUNT_ADVICE
        : `--keep ${name} takes it.`;
    note(
      `left out, because ${column.texts.length} different texts tell little: ${name}. ${advice}`,
    );
    return true;
  }
  const { values, kind } = column;
  if (kind === 'date' || values.length < NUMBERED_ROWS_MIN) return false;
  if (!values.every((value, row) => value === values[0] + row)) return false;
  note(`left out, because it numbers the rows: ${name}. --keep ${name} takes it.`);
  return true;
}

function fitNumber({ values, ...type }: NumberColumn, rows: Uint32Array) {
  let [count, sum, least, most] = [0, 0, Infinity, -Infinity];
  for (const row of rows) {
    const value = values[row];
    if (Number.isNaN(value)) continue;
    count++;
    sum += value;
    least = Math.min(least, value);
    most = Math.max(most, value);
  }
  const indicator = count < rows.length;
  if (count === 0 || (least === most && !indicator)) return undefined;
  // Of a constant that is missing in places, only the indicator tells something.
  if (least === most) return { ...type, mean: least, deviation: 1, indicator };
  return { ...type, ...meanAndDeviation(values, rows, sum / count, type.name), indicator };
}

/** The deviation of the values that are not missing, around their mean. */
function meanAndDeviation(values: Float64Array, rows: Uint32Array, mean: number, name: string) {
  let [count, sum] = [0, 0];
  for (const row of rows) {
    if (Number.isNaN(values[row])) continue;
    count++;
    sum += (values[row] - mean) ** 2;
  }
  const deviation = Math.sqrt(sum / count);
  if (deviation > 0 && Number.isFinite(deviation) && Number.isFinite(mean))
    return { mean, deviation };
  throw new LockstepError(
    'DATA',
    `column ${printable(name)} has numbers that are too large or too close to each other for a ` +
      'mean and a deviation: scale them, or leave them out with --drop.',
  );
}

/** The mean and the deviation of numbers, none of them missing. Throws a `DATA` error. */
export function standardize(values: Float64Array, rows: Uint32Array, name: string) {
  let sum = 0;
  for (const row of rows) sum += values[row];
  return meanAndDeviation(values, rows, sum / rows.length, name);
}

function fitText(
  { name, texts, codes }: TextColumn,
  rows: Uint32Array,
  note: (line: string) => void,
): TableColumn | undefined {
  const seen = new Set<number>();
  for (const row of rows) seen.add(codes[row]);
  const values = [...seen].filter((code) => code >= 0).map((code) => texts[code]);
  if (values.length === 0 || (values.length === 1 && !seen.has(-1))) return undefined;
  if (areAmounts(values)) note(`read as texts: ${printable(name)}. ${AMOUNT_ADVICE}`);
  else if (values.length > VALUES_WARNED)
    note(
      `column ${printable(name)} has ${values.length} texts and makes as many inputs: ` +
        `--drop ${printable(name)} leaves it out`,
    );
  return { name, kind: 'text', values: values.sort(byCodeUnits) };
}

/** The same order on every machine, whatever its language. */
export const byCodeUnits = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
