import { reasonOf } from '../../errors.ts';
import { readRegularFile } from '../../host/read-file.ts';
import { printable } from '../../printable.ts';
import { type ParquetTable, parseParquet } from '../formats/parquet.ts';
import { DATA_BYTES_MAX } from '../manifest.ts';
import { buildTable } from '../tables/build-table.ts';
import { findTarget } from '../tables/choose-target.ts';
import type { Column, Table } from '../tables/table.ts';
import { columnIndex } from '../tables/table.ts';
import { decodePictures } from './decode-pictures.ts';
import {
  dataError,
  type ImportContext,
  type ImportOptions,
  type SourceExamples,
} from './source.ts';
import { fromTable, type TableFile } from './table-file.ts';

/**
 * Reads Parquet files: a table, or as Hugging Face has them, a column of pictures and one of
 * labels. Throws a `DATA` error.
 */
export async function readParquetFiles(
  files: readonly TableFile[],
  options: ImportOptions,
  context: ImportContext,
): Promise<SourceExamples> {
  const tables: ParquetTable[] = [];
  for (const { path } of files) tables.push(await readFile(path));
  const [{ names, classNames }] = tables;
  for (const [i, table] of tables.entries()) {
    if (table.names.join('\n') !== names.join('\n'))
      throw dataError(`${files[i].path} has other columns than ${files[0].path}.`);
  }
  const rows = tables.flatMap((table) => table.rows);
  const tests = tables.flatMap(({ rows }, i) => rows.map(() => (files[i].isTest ? 1 : 0)));
  const isTest = tests.includes(1) && tests.includes(0) ? Uint8Array.from(tests) : undefined;
  const pictures = names.find((name) => pictureBytes(rows[0]?.[name]) !== undefined);
  const others = names.filter((name) => name !== pictures && isPlain(rows[0]?.[name]));
  const left = names.filter((name) => name !== pictures && !others.includes(name));
  if (left.length > 0)
    context.note(`left out, because they hold lists: ${left.map(printable).join(', ')}`);
  if (others.length === 0)
    throw dataError(`${files[0].path} has no column with a target: add one.`);
  const table = await tableOf(rows, others, context);
  if (pictures === undefined) {
    const examples = fromTable(table, options, context, 'a Parquet table', isTest);
    return { ...examples, classNames: classNames.get(examples.target.name) };
  }
  const inputs = await decodePictures(
    rows.map((row, i) => ({
      name: `row ${i}, column ${pictures}`,
      read: async () => {
        const bytes = pictureBytes(row[pictures]);
        if (bytes) return bytes;
        throw dataError('it is missing: leave the row out');
      },
    })),
    options,
    context,
  );
  const target = pictureTarget(table.columns, options, context);
  return {
    format: 'Parquet with pictures',
    count: rows.length,
    inputs,
    target,
    classNames: classNames.get(target.name),
    group:
      options.group === undefined
        ? undefined
        : table.columns[columnIndex(table.columns, options.group, '--group')],
    isTest,
  };
}

async function readFile(path: string): Promise<ParquetTable> {
  try {
    return await parseParquet(await readRegularFile(path, DATA_BYTES_MAX));
  } catch (error) {
    throw dataError(`cannot read ${path}: ${reasonOf(error).replace(/\.$/, '')}.`);
  }
}

function pictureTarget(
  columns: readonly Column[],
  { target }: ImportOptions,
  { note }: ImportContext,
): Column {
  if (target === undefined && columns.length === 1) return columns[0];
  return columns[findTarget(columns, target, note)];
}

/** Bytes that are, or hold, a picture. */
function pictureBytes(value: unknown): Uint8Array | undefined {
  if (value instanceof Uint8Array) return looksLikePicture(value) ? value : undefined;
  if (typeof value !== 'object' || value === null || !('bytes' in value)) return undefined;
  return value.bytes instanceof Uint8Array ? value.bytes : undefined;
}

const looksLikePicture = ([first, second]: Uint8Array): boolean =>
  (first === 0x89 && second === 0x50) || (first === 0xff && second === 0xd8);

const isPlain = (value: unknown): boolean =>
  value === null ||
  value === undefined ||
  value instanceof Date ||
  value instanceof Uint8Array ||
  typeof value !== 'object';

/** The same as of a table of text: a number's text is exactly that number. */
async function tableOf(
  rows: ParquetTable['rows'],
  names: readonly string[],
  { note }: ImportContext,
): Promise<Table> {
  async function* textRows() {
    for (const [i, row] of rows.entries())
      yield { cells: names.map((name) => cellOf(row[name])), line: i + 1 };
  }
  return buildTable({ names, allowsComma: false, rows: textRows }, note);
}

function cellOf(value: unknown): string {
  if (value === null || value === undefined) return '';
  if (value instanceof Date) return value.toISOString();
  if (value instanceof Uint8Array) return Buffer.from(value).toString('utf8');
  return String(value);
}
