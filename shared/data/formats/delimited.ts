import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { PassThrough, pipeline, Readable, Transform } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { CsvError, type Info, parse } from 'csv-parse';
import { LockstepError, reasonOf } from '../../errors.ts';
import { DATA_BYTES_MAX, TABLE_INPUTS_MAX } from '../manifest.ts';
import type { TextRow, TextTable } from '../tables/build-table.ts';
import { hasDecimalComma, isMissing, numberIn } from '../tables/cells.ts';
import { utf8Only } from './utf8.ts';

/*
 * Tables in files of text: CSV, TSV, and columns with spaces between them. Gzipped or not.
 *
 * The problem. Such a file does not say what separates its cells, nor whether its first line has
 * names. It may be large, gzipped into very little, or have a line without an end.
 *
 * The rule. The beginning of the file tells the format. Then the file is read as a stream. What is
 * unpacked, and the length of a line, have bounds.
 */

/** How to read a file. What is left out is found out. */
export interface DelimitedOptions {
  /** Whether the first line has names. */
  readonly hasHeader?: boolean | undefined;
  /** Names of a training table: a first line with one of them is a header. */
  readonly knownNames?: ReadonlySet<string>;
  /** The most bytes that the file has, unpacked. */
  readonly bytesMax?: number;
}

/** A table in a file, and how it was read. */
export interface DelimitedTable extends TextTable {
  readonly separator: string;
  readonly hasHeader: boolean;
}

/** A line of so many bytes has the most inputs, each with 64 digits. */
const LINE_BYTES_MAX = 2 ** 22;
const BEGINNING_BYTES = 2 ** 16;
const BEGINNING_LINES = 20;
const COLUMNS_MAX = TABLE_INPUTS_MAX + 1_000;

const SPACES = ' ';

/** Opens a file of text. Throws a `DATA` error that names the file. */
export async function openDelimited(
  path: string,
  options: DelimitedOptions = {},
): Promise<DelimitedTable> {
  return openText(() => contentOf(path, options.bytesMax ?? DATA_BYTES_MAX), path, options);
}

/** The same for text in memory. `name` is for messages. */
export const openDelimitedText = (text: string, name: string, options: DelimitedOptions = {}) =>
  openText(async () => Readable.from([Buffer.from(text)]), name, options);

async function openText(
  content: () => Promise<Readable>,
  name: string,
  options: DelimitedOptions,
): Promise<DelimitedTable> {
  const beginning = await readBeginning(await content(), name);
  const separator = findSeparator(beginning);
  const rows = () => namedErrors(readRows(content, separator), name);
  const [first, second] = await firstRows(rows());
  if (!first) throw new LockstepError('DATA', `${name} is empty: give a table with rows.`);
  if (first.cells.length > COLUMNS_MAX)
    throw new LockstepError(
      'DATA',
      `${name} has ${first.cells.length} columns, and at most ${TABLE_INPUTS_MAX} are read: give ` +
        'a table with fewer.',
    );
  const allowsComma = separator !== ',';
  const hasHeader = options.hasHeader ?? isHeader(first, second, allowsComma, options.knownNames);
  const names = first.cells.map((cell, i) =>
    hasHeader ? cell.trim() || (i === 0 ? 'row' : `column ${i + 1}`) : `column ${i + 1}`,
  );
  assertDifferent(names, name);
  return {
    names,
    separator,
    hasHeader,
    allowsComma,
    rows: hasHeader ? () => skipFirst(rows()) : rows,
  };
}

function assertDifferent(names: readonly string[], file: string): void {
  const seen = new Set<string>();
  for (const name of names) {
    if (seen.has(name))
      throw new LockstepError(
        'DATA',
        `${file} has two columns named ${JSON.stringify(name)}: rename one of them.`,
      );
    seen.add(name);
  }
}

/** A stream of a regular file's content, unpacked if it is gzipped. */
async function contentOf(path: string, bytesMax: number): Promise<Readable> {
  const file = await open(path, 'r').catch((error: unknown) => {
    throw new LockstepError('DATA', `cannot read ${path}: ${reasonOf(error)}.`);
  });
  try {
    if (!(await file.stat()).isFile())
      throw new LockstepError('DATA', `cannot read ${path}: it is no regular file.`);
    const { buffer, bytesRead } = await file.read(Buffer.alloc(2), 0, 2, 0);
    const isPacked = bytesRead === 2 && buffer[0] === 0x1f && buffer[1] === 0x8b;
    const parts = [createReadStream(path), isPacked ? createGunzip() : new PassThrough()] as const;
    // Whoever reads the last stream gets the errors of all.
    return pipeline(...parts, limit(bytesMax), () => {});
  } finally {
    await file.close();
  }
}

function limit(bytesMax: number): Transform {
  let total = 0;
  return new Transform({
    transform(chunk: Uint8Array, _, done) {
      total += chunk.length;
      if (total <= bytesMax) return done(null, chunk);
      done(new LockstepError('DATA', `it unpacks to more than ${bytesMax} bytes: give less of it`));
    },
  });
}

async function readBeginning(content: Readable, name: string): Promise<string> {
  const parts: Uint8Array[] = [];
  let length = 0;
  try {
    for await (const part of content) {
      parts.push(part);
      length += part.length;
      if (length >= BEGINNING_BYTES) break;
    }
  } catch (error) {
    throw namedError(error, name);
  }
  const bytes = Buffer.concat(parts).subarray(0, BEGINNING_BYTES);
  const isUtf16 =
    (bytes[0] === 0xff && bytes[1] === 0xfe) || (bytes[0] === 0xfe && bytes[1] === 0xff);
  if (isUtf16 || bytes.includes(0))
    throw new LockstepError(
      'DATA',
      `${name} is ${isUtf16 ? 'in UTF-16' : 'no text'}: save it as CSV in UTF-8.`,
    );
  return bytes.toString('utf8').replace(/^\ufeff/, '');
}

/**
 * What separates the cells: a tab, semicolon, comma or bar that is equally often in all lines, or
 * else spaces.
 */
function findSeparator(beginning: string): string {
  const lines = beginning.split(/\r\n|\n|\r/);
  // The last line may be cut off.
  const whole = lines.length > 1 ? lines.slice(0, -1) : lines;
  const shown = whole.filter((line) => line.trim() !== '').slice(0, BEGINNING_LINES);
  const candidates = ['\t', ';', ',', '|'].map((separator) => {
    const counts = shown.map((line) => countOutsideQuotes(line, separator));
    return { separator, counts };
  });
  const even = candidates.find(
    ({ counts }) => counts[0] > 0 && counts.every((count) => count === counts[0]),
  );
  if (even) return even.separator;
  const widths = shown.map((line) => line.trim().split(/\s+/).length);
  const some = candidates.find(({ counts }) => counts[0] > 0);
  // A row further below may be wrong, which is said when it is read.
  if (!some && widths[0] > 1 && (widths[1] ?? widths[0]) === widths[0]) return SPACES;
  return some?.separator ?? ',';
}

function countOutsideQuotes(line: string, separator: string): number {
  let [count, isQuoted] = [0, false];
  for (const character of line) {
    if (character === '"') isQuoted = !isQuoted;
    else if (character === separator && !isQuoted) count++;
  }
  return count;
}

/** Whether the first row has names, not values. */
function isHeader(
  first: TextRow,
  second: TextRow | undefined,
  allowsComma: boolean,
  knownNames: ReadonlySet<string> | undefined,
): boolean {
  const { cells } = first;
  if (knownNames && cells.some((cell) => knownNames.has(cell.trim()))) return true;
  // pandas names columns without names 0, 1, 2 and so on.
  if (cells.length > 2 && cells.every((cell, i) => cell.trim() === String(i))) return true;
  const hasNumber = (row: readonly string[]) =>
    row.some((cell) => numberIn(cell, allowsComma) !== undefined || hasDecimalComma(cell));
  const hasGap = cells.slice(1).some(isMissing);
  return !hasNumber(cells) && !hasGap && (second === undefined || !areAlike(cells, second.cells));
}

/** Whether two rows of text share a text, as rows of values mostly do. */
const areAlike = (a: readonly string[], b: readonly string[]): boolean =>
  a.some((cell, i) => cell === b[i]);

async function firstRows(rows: AsyncIterable<TextRow>): Promise<TextRow[]> {
  const first: TextRow[] = [];
  for await (const row of rows) {
    first.push(row);
    if (first.length === 2) break;
  }
  return first;
}

async function* skipFirst(rows: AsyncIterable<TextRow>): AsyncGenerator<TextRow> {
  let isFirst = true;
  for await (const row of rows) {
    if (!isFirst) yield row;
    isFirst = false;
  }
}

async function* readRows(
  content: () => Promise<Readable>,
  separator: string,
): AsyncGenerator<TextRow> {
  // Whoever reads the last stream gets the errors of all.
  const stream = pipeline(await content(), utf8Only(), () => {});
  if (separator === SPACES) return yield* readSpaced(stream);
  const parser = parse({
    bom: true,
    delimiter: separator,
    info: true,
    max_record_size: LINE_BYTES_MAX,
    relax_quotes: true,
    skip_empty_lines: true,
  });
  pipeline(stream, parser, () => {});
  for await (const { record, info } of parser as AsyncIterable<{ record: string[]; info: Info }>)
    yield { cells: record, line: info.lines };
}

async function* readSpaced(stream: Readable): AsyncGenerator<TextRow> {
  let [line, width] = [0, 0];
  for await (const text of createInterface({ input: stream, crlfDelay: Infinity })) {
    line++;
    if (text.trim() === '') continue;
    const cells = text
      .replace(/^\ufeff/, '')
      .trim()
      .split(/\s+/);
    width ||= cells.length;
    if (cells.length !== width) throw raggedError(line, width, cells.length);
    yield { cells, line };
  }
}

const raggedError = (line: number, wanted: number, found: number): LockstepError =>
  new LockstepError(
    'DATA',
    `line ${line} has ${found} ${found === 1 ? 'cell' : 'cells'}, and the first line has ` +
      `${wanted}: correct it`,
  );

async function* namedErrors(rows: AsyncIterable<TextRow>, name: string) {
  try {
    yield* rows;
  } catch (error) {
    throw namedError(error, name);
  }
}

function namedError(error: unknown, name: string): LockstepError {
  const reason = reasonInLine(error).replace(/\.$/, '');
  return new LockstepError('DATA', reason.includes(name) ? `${reason}.` : `${name}: ${reason}.`);
}

function reasonInLine(error: unknown): string {
  if (!(error instanceof CsvError)) return reasonOf(error);
  const { code, lines, record } = error as CsvError & { lines: number; record: string[] };
  const first = (error as { column?: number }).column;
  if (code === 'CSV_RECORD_INCONSISTENT_FIELDS_LENGTH')
    return raggedError(lines, expectedIn(error.message) ?? Number(first), record.length).message;
  if (code === 'CSV_MAX_RECORD_SIZE')
    return `line ${lines} has more than ${LINE_BYTES_MAX} bytes: give a table with fewer columns`;
  if (code === 'CSV_QUOTE_NOT_CLOSED')
    return `line ${lines} opens a quote that is never closed: correct it`;
  return `line ${lines}: ${error.message}`;
}

const expectedIn = (message: string): number | undefined => {
  const text = /expect(?:ed)? (\d+)/.exec(message)?.[1];
  return text === undefined ? undefined : Number(text);
};
