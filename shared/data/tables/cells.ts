import { LockstepError } from '../../errors.ts';
import { printable } from '../../printable.ts';

/*
 * The cells of a table: text that means a number, a date, nothing, or itself.
 *
 * The same functions read a table for training and rows for predictions.
 */

/** What a column holds. */
export type ColumnKind = 'number' | 'date' | 'text';

/** What is first in dates such as 3/14/2026. */
export const DATE_ORDERS = ['month', 'day'] as const;
export type DateOrder = (typeof DATE_ORDERS)[number];

/** How the cells of a column are read. */
export interface CellType {
  readonly kind: ColumnKind;
  /** Of dates with slashes. Undefined if a column has none. */
  readonly first?: DateOrder | undefined;
}

/** The longest text of a cell that is kept. */
export const TEXT_LENGTH_MAX = 256;

/** Texts for a missing value, in lower case: those of R, NumPy, pandas, SQL and of UCI's tables. */
const MISSING: ReadonlySet<string> = new Set(['', 'na', 'n/a', 'nan', 'null', 'none', '?', '#n/a']);

export const isMissing = (cell: string): boolean => MISSING.has(cell.trim().toLowerCase());

const NUMBER = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;
const COMMA_NUMBER = /^[+-]?\d*,\d+(e[+-]?\d+)?$/i;
const INFINITY = /^[+-]?(inf|infinity|∞)$/i;

/**
 * The number in a cell. Undefined if it is none. `allowsComma`: whether a comma may stand before
 * the decimals. Infinite where the text says so, or means a number that is too large.
 */
export function numberIn(cell: string, allowsComma: boolean): number | undefined {
  const text = cell.trim();
  if (NUMBER.test(text)) return Number(text);
  if (allowsComma && COMMA_NUMBER.test(text)) return Number(text.replace(',', '.'));
  if (INFINITY.test(text)) return text[0] === '-' ? -Infinity : Infinity;
  return undefined;
}

/** Whether a cell is a number with a comma before the decimals. */
export const hasDecimalComma = (cell: string): boolean => COMMA_NUMBER.test(cell.trim());

const GROUPED = /\d{1,3}(?:[.,' \u00a0\u202f]?\d{3})*(?:[.,]\d+)?/;
const AMOUNT = new RegExp(
  `^\\p{Sc}?\\s?[+-]?\\p{Sc}?${GROUPED.source}\\s?(?:\\p{Sc}|%|[A-Z]{3})?$`,
  'u',
);

/** Whether texts are numbers for people, such as "$1,021" or "1.234,56 €", which are not read. */
export const areAmounts = (texts: readonly string[]): boolean =>
  texts.every((text) => AMOUNT.test(text)) && !texts.every((text) => NUMBER.test(text));

/** What helps with {@link areAmounts}. */
export const AMOUNT_ADVICE =
  'For numbers, write 1234.56, without a currency, and with nothing between thousands.';

const CLOCK = /(?<hours>\d{1,2}):(?<minutes>\d{2})(?::(?<seconds>\d{2}(?:\.\d+)?))?/;
const ZONE = /(?<zone>Z|[+-]\d{2}:?\d{2})/;
const withTime = ({ source }: RegExp) =>
  new RegExp(`^${source}(?:[T ]${CLOCK.source}${ZONE.source}?)?$`);
const ISO_DATE = withTime(/(?<year>\d{4})[-/](?<month>\d{1,2})[-/](?<day>\d{1,2})/);
const DOTTED_DATE = withTime(/(?<day>\d{1,2})\.(?<month>\d{1,2})\.(?<year>\d{4})/);
const SLASHED_DATE: Readonly<Record<DateOrder, RegExp>> = {
  month: withTime(/(?<month>\d{1,2})\/(?<day>\d{1,2})\/(?<year>\d{4})/),
  day: withTime(/(?<day>\d{1,2})\/(?<month>\d{1,2})\/(?<year>\d{4})/),
};
const SECONDS_PER_DAY = 86_400;

/**
 * The days from 1970-01-01 UTC to the date in a cell, with its time as a fraction. Undefined if it
 * is no date: 2026-11-26, 2026/11/26, 26.11.2026, or 2026-11-26 10:30 with or without a zone.
 * 11/26/2026 is one only if `first` says what is first.
 */
export function daysIn(cell: string, first?: DateOrder): number | undefined {
  const text = cell.trim();
  const formats = [ISO_DATE, DOTTED_DATE, ...(first ? [SLASHED_DATE[first]] : [])];
  const parts = formats.map((format) => format.exec(text)?.groups).find((groups) => groups);
  if (!parts) return undefined;
  const { hours = 0, minutes = 0, seconds = 0, zone } = parts;
  const days = daysOf(Number(parts.year), Number(parts.month), Number(parts.day));
  if (days === undefined || Number(hours) > 24 || Number(minutes) > 59 || Number(seconds) >= 61)
    return undefined;
  const time = Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds) - zoneSeconds(zone);
  return days + time / SECONDS_PER_DAY;
}

function zoneSeconds(zone: string | undefined): number {
  if (zone === undefined || zone === 'Z') return 0;
  const [hours, minutes] = [Number(zone.slice(1, 3)), Number(zone.slice(-2))];
  return (zone[0] === '-' ? -1 : 1) * (hours * 3600 + minutes * 60);
}

/** Undefined for a day that is not in the calendar. */
function daysOf(year: number, month: number, day: number): number | undefined {
  if (month < 1 || month > 12 || day < 1 || day > daysInMonth(year, month)) return undefined;
  // The days of a calendar whose years begin in March: H. Hinnant, "chrono-compatible low-level
  // date algorithms", 2013.
  const shifted = month <= 2 ? year - 1 : year;
  const era = Math.floor(shifted / 400);
  const yearOfEra = shifted - era * 400;
  const dayOfYear = Math.floor((153 * (month + (month > 2 ? -3 : 9)) + 2) / 5) + day - 1;
  const leapDays = Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100);
  return era * 146_097 + yearOfEra * 365 + leapDays + dayOfYear - 719_468;
}

const isLeap = (year: number): boolean => (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0;

const daysInMonth = (year: number, month: number): number =>
  month === 2 ? (isLeap(year) ? 29 : 28) : [4, 6, 9, 11].includes(month) ? 30 : 31;

/** Where a cell is, for messages: "line 3, column age". */
export const cellPlace = (line: number, column: string): string =>
  `line ${line}, column ${printable(column)}`;

/** A cell as text: without spaces around it, printable, and not too long. */
export const textIn = (cell: string): string => printable(cell.trim()).slice(0, TEXT_LENGTH_MAX);

/**
 * The value of a cell: a number, the days of a date, a text, or undefined if it is missing. Throws
 * a `DATA` error that names the place if it is of another kind.
 */
export function valueIn(
  cell: string,
  { kind, first }: CellType,
  allowsComma: boolean,
  place: string,
): number | string | undefined {
  if (isMissing(cell)) return undefined;
  if (kind === 'text') return textIn(cell);
  const value = kind === 'number' ? numberIn(cell, allowsComma) : daysIn(cell, first);
  if (value === undefined)
    throw cellError(
      place,
      cell,
      kind === 'number' ? 'a number' : `a date such as ${DATES[first ?? 'year']}`,
    );
  if (!Number.isFinite(value)) throw cellError(place, cell, 'a finite number');
  return value;
}

/** A date for messages, by what is first. */
const DATES = { year: '2026-11-26', month: '11/26/2026', day: '26/11/2026' };
const SHOWN_LENGTH = 40;

function cellError(place: string, cell: string, wanted: string): LockstepError {
  const shown = printable(cell).slice(0, SHOWN_LENGTH);
  return new LockstepError(
    'DATA',
    `${place}: ${JSON.stringify(shown)} is not ${wanted}. Correct it, or leave the cell empty.`,
  );
}
