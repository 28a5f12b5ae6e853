import { open, readdir, stat } from 'node:fs/promises';
import { extname, join } from 'node:path';
import { reasonOf } from '../../errors.ts';
import { printable } from '../../printable.ts';
import { isNpy } from '../formats/npy.ts';
import { isZip } from '../formats/npz.ts';
import { isParquet } from '../formats/parquet.ts';
import { findIdxFiles } from '../loading/describe-folder.ts';
import { readArrayFiles } from './array-file.ts';
import { isCifarName, readCifar, readIdxFolder } from './binary-folder.ts';
import { readParquetFiles } from './parquet-file.ts';
import { readPictureFolder } from './picture-folder.ts';
import {
  dataError,
  type ImportContext,
  type ImportOptions,
  type SourceExamples,
} from './source.ts';
import { readTableFiles, type TableFile } from './table-file.ts';

/**
 * Reads the examples of a file or folder. The content tells the format of a file, and the names of
 * its files that of a folder. Throws a `DATA` error.
 */
export async function readSource(
  path: string,
  options: ImportOptions,
  context: ImportContext,
): Promise<SourceExamples> {
  const info = await stat(path).catch((error: unknown) => {
    throw dataError(`cannot read ${printable(path)}: ${reasonOf(error)}.`);
  });
  return info.isDirectory() ? readFolder(path, options, context) : readFile(path, options, context);
}

async function readFile(path: string, options: ImportOptions, context: ImportContext) {
  const beginning = await beginningOf(path);
  const files = [{ path, isTest: false }];
  if (isNpy(beginning) || isZip(beginning)) return readArrayFiles(path, options, context);
  if (isParquet(beginning)) return readParquetFiles(files, options, context);
  if (extname(path) === '.bin') return readCifar(path, context);
  return readTableFiles(files, options, context);
}

async function beginningOf(path: string): Promise<Uint8Array> {
  const file = await open(path, 'r').catch((error: unknown) => {
    throw dataError(`cannot read ${printable(path)}: ${reasonOf(error)}.`);
  });
  try {
    if (!(await file.stat()).isFile())
      throw dataError(`cannot read ${printable(path)}: it is no regular file.`);
    const { buffer, bytesRead } = await file.read(Buffer.alloc(8), 0, 8, 0);
    return buffer.subarray(0, bytesRead);
  } finally {
    await file.close();
  }
}

async function readFolder(path: string, options: ImportOptions, context: ImportContext) {
  const names = (await readdir(path)).filter((name) => !name.startsWith('.')).sort();
  const idx = await findIdxFiles(path);
  if (idx) return readIdxFolder(path, idx, options, context);
  if (names.some(isCifarName)) return readCifar(path, context);
  if (names.some((name) => name.endsWith('.npy'))) return readArrayFiles(path, options, context);
  const parquet = setFiles(path, names, /\.parquet$/i);
  if (parquet.length > 0) return readParquetFiles(parquet, options, context);
  const tables = setFiles(path, names, /\.(csv|tsv|txt)(\.gz)?$/i);
  const hasFolders = (await readdir(path, { withFileTypes: true })).some((entry) =>
    entry.isDirectory(),
  );
  if (tables.length > 0 && (!hasFolders || tables.some(({ isTest }) => isTest)))
    return readTableFiles(tables, options, context);
  return readPictureFolder(path, options, context);
}

/** The files whose names say the set that they are of, those for training first. */
function setFiles(folder: string, names: readonly string[], ending: RegExp): TableFile[] {
  const files = names
    .filter((name) => ending.test(name))
    .map((name) => ({ path: join(folder, name), isTest: /test/i.test(name), name }));
  const train = files.filter(({ name, isTest }) => !isTest && /train/i.test(name));
  const test = files.filter(({ isTest }) => isTest);
  if (train.length > 0) return [...train, ...test];
  return files.length === 1 ? files.map((file) => ({ ...file, isTest: false })) : [];
}
