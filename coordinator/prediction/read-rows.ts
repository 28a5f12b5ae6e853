import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { type DelimitedTable, openDelimited } from '../../shared/data/formats/delimited.ts';
import { isNpy, type NpyArray, parseNpy } from '../../shared/data/formats/npy.ts';
import { chooseArray, isZip, parseNpz } from '../../shared/data/formats/npz.ts';
import { DATA_BYTES_MAX, type TableColumn } from '../../shared/data/manifest.ts';
import { cellPlace, valueIn } from '../../shared/data/tables/cells.ts';
import { createRowEncoder } from '../../shared/data/tables/encode-row.ts';
import { type ColumnMatch, matchColumns } from '../../shared/data/tables/match-columns.ts';
import { listOf } from '../../shared/data/tables/table.ts';
import { LockstepError, reasonOf } from '../../shared/errors.ts';
import { readRegularFile } from '../../shared/host/read-file.ts';

/** Rows of a table as the inputs of a model. */
export interface RowFile {
  /** What is done with each row, a few words each, in order. */
  readonly steps: readonly string[];
  /** The inputs of each row. */
  readonly rows: AsyncIterable<Float32Array>;
}

/** What a model takes. */
export interface RowInput {
  readonly inputCount: number;
  /** How columns become inputs. Undefined if the inputs are numbers as they are. */
  readonly columns: readonly TableColumn[] | undefined;
}

const dataError = (message: string): LockstepError => new LockstepError('DATA', message);

/**
 * Opens a CSV, TSV, NPY or NPZ file with rows. Each row becomes inputs as in training. Throws a
 * `DATA` error that names the file, also while the rows are read.
 */
export async function openRows(path: string, input: RowInput): Promise<RowFile> {
  return named(path, async () => {
    const beginning = await readBeginning(path);
    if (!isNpy(beginning) && !isZip(beginning)) return openTable(path, input);
    const file = await readRegularFile(path, DATA_BYTES_MAX);
    return openArray(path, isZip(file) ? chooseArray(parseNpz(file)) : parseNpy(file), input);
  });
}

async function readBeginning(path: string): Promise<Uint8Array> {
  const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    if (!(await file.stat()).isFile()) throw dataError('it is no regular file');
    const { buffer, bytesRead } = await file.read(Buffer.alloc(8), 0, 8, 0);
    return buffer.subarray(0, bytesRead);
  } finally {
    await file.close();
  }
}

async function openTable(path: string, { columns, inputCount }: RowInput): Promise<RowFile> {
  const knownNames = new Set(columns?.map(({ name }) => name));
  const table = await openDelimited(path, columns ? { knownNames } : {});
  const used = columns ?? plainColumns(inputCount);
  const match = columns
    ? matchColumns(columns, table.names)
    : matchByPlace(table.names.length, inputCount);
  return {
    steps: stepsOf(match, used.length, columns !== undefined, table.hasHeader),
    rows: tableRows(path, table, used, match),
  };
}

async function* tableRows(
  path: string,
  table: DelimitedTable,
  columns: readonly TableColumn[],
  { places }: ColumnMatch,
): AsyncGenerator<Float32Array> {
  const { encode, inputCount } = createRowEncoder(columns);
  for await (const { cells, line } of table.rows()) {
    yield await named(path, async () => {
      const values = columns.map((column, i) =>
        valueIn(cells[places[i]], column, table.allowsComma, cellPlace(line, column.name)),
      );
      const inputs = new Float32Array(inputCount);
      encode(values, inputs, 0);
      return inputs;
    });
  }
}

function openArray(
  path: string,
  { shape, values }: NpyArray,
  { columns, inputCount }: RowInput,
): RowFile {
  const [count, width] = shape.length === 1 ? [1, shape[0]] : shape;
  if (shape.length > 2)
    throw dataError(`its shape is ${shape.join(' × ')}: it must be [rows, columns]`);
  const names = Array.from({ length: width }, (_, i) => `column ${i + 1}`);
  const used = columns ?? plainColumns(inputCount);
  const match = columns ? matchColumns(columns, names) : matchByPlace(width, inputCount);
  const text = used.find(({ kind }) => kind === 'text');
  if (text) throw dataError(`it has numbers, but the column ${text.name} of training has text`);
  const { encode } = createRowEncoder(used);
  async function* rows() {
    for (let row = 0; row < count; row++) {
      const cells = match.places.map((place) => values[row * width + place]);
      const wrong = cells.findIndex((value) => Math.abs(value) === Infinity);
      if (wrong >= 0)
        throw dataError(`${path}: row ${row}, ${names[wrong]} is not finite: correct it.`);
      const inputs = new Float32Array(inputCount);
      encode(
        cells.map((value) => (Number.isNaN(value) ? undefined : value)),
        inputs,
        0,
      );
      yield inputs;
    }
  }
  return { steps: stepsOf(match, used.length, columns !== undefined, false), rows: rows() };
}

/** Inputs as they are. */
export const plainColumns = (count: number): TableColumn[] =>
  Array.from({ length: count }, (_, i) => ({
    name: `column ${i + 1}`,
    kind: 'number',
    mean: 0,
    deviation: 1,
    indicator: false,
  }));

function matchByPlace(found: number, wanted: number): ColumnMatch {
  if (found !== wanted)
    throw dataError(`a row has ${found} values, and the model takes ${wanted}: give as many`);
  return { places: Array.from({ length: wanted }, (_, i) => i), unused: [] };
}

const UNUSED_SHOWN = 6;

function stepsOf(
  { unused }: ColumnMatch,
  count: number,
  isPrepared: boolean,
  hasNames: boolean,
): string[] {
  const steps = [
    `${count} ${count === 1 ? 'column' : 'columns'} by ${hasNames ? 'name' : 'place'}`,
  ];
  if (isPrepared) steps.push('prepared as in training');
  if (unused.length > 0)
    steps.push(
      `not used: ${listOf(unused.slice(0, UNUSED_SHOWN))}` +
        (unused.length > UNUSED_SHOWN ? ' and others' : ''),
    );
  return steps;
}

async function named<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const reason = reasonOf(error).replace(/\.$/, '');
    const isNamed = error instanceof LockstepError && reason.includes(path);
    throw dataError(isNamed ? `${reason}.` : `cannot use the rows of ${path}: ${reason}.`);
  }
}
