import { realpath } from 'node:fs/promises';
import { dirname, isAbsolute, join, relative, resolve, sep } from 'node:path';
import { readRegularFile } from '../../host/read-file.ts';
import { PICTURE_BYTES_MAX } from '../../pictures/read-pictures.ts';
import { printable } from '../../printable.ts';
import { type DelimitedTable, openDelimited } from '../formats/delimited.ts';
import { buildTable, type TextTable } from '../tables/build-table.ts';
import { chooseTask, findTarget } from '../tables/choose-target.ts';
import { type Column, columnIndex, type Table } from '../tables/table.ts';
import { decodePictures } from './decode-pictures.ts';
import { imagesOfColumns } from './images-of-numbers.ts';
import { PICTURE_ENDING } from './picture-folder.ts';
import {
  dataError,
  type ImportContext,
  type ImportOptions,
  type SourceExamples,
} from './source.ts';

/** A file with a table, and whether its rows are for testing. */
export interface TableFile {
  readonly path: string;
  readonly isTest: boolean;
}

/**
 * Reads a table of one file, or of one for training and one for testing. If a column has names of
 * pictures, the pictures are the inputs. Throws a `DATA` error.
 */
export async function readTableFiles(
  files: readonly TableFile[],
  options: ImportOptions,
  context: ImportContext,
): Promise<SourceExamples> {
  const opened: DelimitedTable[] = [];
  for (const { path } of files)
    opened.push(await openDelimited(path, { hasHeader: options.hasHeader }));
  const [first] = opened;
  if (first.hasHeader && options.hasHeader === undefined)
    context.note('the first line has the names of the columns (--no-header: it is a row)');
  const counts: number[] = [];
  const table = await buildTable(joined(opened, files, counts), context.note);
  const isTest = new Uint8Array(table.rowCount);
  if (files.length > 1) {
    // The rows were read twice; the second half of the counts is that of the values.
    const rows = counts.slice(-files.length);
    let at = 0;
    for (const [i, { isTest: test }] of files.entries()) {
      isTest.fill(test ? 1 : 0, at, at + rows[i]);
      at += rows[i];
    }
  }
  const format = first.separator === '\t' ? 'a TSV table' : 'a table of text';
  const set = files.length > 1 ? isTest : undefined;
  const pictures = findPictureColumn(table.columns);
  if (pictures === undefined) return fromTable(table, options, context, format, set);
  return fromPictureList(files[0].path, table, pictures, options, context, set);
}

/** Several files as one table. `counts` gets the rows of each file, each time they are read. */
function joined(
  tables: readonly DelimitedTable[],
  files: readonly TableFile[],
  counts: number[],
): TextTable {
  const [{ names, allowsComma }] = tables;
  for (const [i, other] of tables.entries()) {
    if (other.names.join('\n') !== names.join('\n'))
      throw dataError(
        `${files[i].path} has other columns than ${files[0].path}: make their names and their ` +
          'order the same.',
      );
  }
  async function* rows() {
    for (const table of tables) {
      let count = 0;
      for await (const row of table.rows()) {
        count++;
        yield row;
      }
      counts.push(count);
    }
  }
  return { names, allowsComma, rows };
}

/** The examples of a table: the target, the group, and the rest as inputs. */
export function fromTable(
  table: Table,
  options: ImportOptions,
  { note }: ImportContext,
  format: string,
  isTest?: Uint8Array,
): SourceExamples {
  const { columns, rowCount } = table;
  const dropped = new Set(options.drop.map((name) => columnIndex(columns, name, '--drop')));
  for (const name of options.keep) columnIndex(columns, name, '--keep');
  const target = findTarget(columns, options.target, note);
  const group =
    options.group === undefined ? undefined : columnIndex(columns, options.group, '--group');
  if (group === target || dropped.has(target))
    throw dataError(
      `the target ${printable(columns[target].name)} cannot be left out or group rows.`,
    );
  if (group !== undefined && !options.keep.includes(columns[group].name)) dropped.add(group);
  const inputs = columns.filter((_, i) => i !== target && !dropped.has(i));
  chooseTask(columns[target], options.task);
  return {
    format,
    count: rowCount,
    inputs: options.size
      ? imagesOfColumns(inputs, rowCount, options.size, note)
      : { kind: 'table', columns: inputs },
    target: columns[target],
    group: group === undefined ? undefined : columns[group],
    isTest,
  };
}

/** The column whose first text is the name of a picture. */
function findPictureColumn(columns: readonly Column[]): number | undefined {
  const index = columns.findIndex(
    (column) => column.kind === 'text' && PICTURE_ENDING.test(column.texts[0] ?? ''),
  );
  return index < 0 ? undefined : index;
}

async function fromPictureList(
  path: string,
  table: Table,
  index: number,
  options: ImportOptions,
  context: ImportContext,
  isTest: Uint8Array | undefined,
): Promise<SourceExamples> {
  const { columns, rowCount } = table;
  const names = columns[index];
  const others = columns.filter((_, i) => i !== index);
  if (names.kind !== 'text' || others.length === 0)
    throw dataError(
      `${path} has the names of pictures, but no column with their classes: add one.`,
    );
  const target =
    options.target === undefined && others.length === 1
      ? others[0]
      : others[findTarget(others, options.target, context.note)];
  const group = options.group === undefined ? -1 : columnIndex(columns, options.group, '--group');
  const ignored = others.filter((column) => column !== target && column !== columns[group]);
  if (ignored.length > 0)
    context.note(
      `left out beside pictures: ${ignored.map(({ name }) => printable(name)).join(', ')}`,
    );
  const folder = await realpath(dirname(path));
  const sources = Array.from(names.codes, (code, row) => {
    if (code < 0) throw dataError(`row ${row + 1} of ${path} names no picture: add it or the row.`);
    const name = names.texts[code];
    return {
      name,
      read: async () => readRegularFile(await inside(folder, name), PICTURE_BYTES_MAX),
    };
  });
  const inputs = await decodePictures(sources, options, context);
  return {
    format: 'a list of pictures',
    count: rowCount,
    inputs,
    target,
    group: columns[group],
    isTest,
  };
}

/** The real path of a file below a folder. Throws a `DATA` error if the name leads out of it. */
async function inside(folder: string, name: string): Promise<string> {
  const isBelow = (path: string) => {
    const way = relative(folder, path);
    return way !== '..' && !way.startsWith(`..${sep}`) && !isAbsolute(way);
  };
  const path = resolve(join(folder, name));
  if (isAbsolute(name) || !isBelow(path) || !isBelow(await realpath(path)))
    throw dataError('it is outside of the folder of the list: move it into that folder');
  return path;
}
