import { createHash, randomBytes } from 'node:crypto';
import { open, readdir, realpath, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve, sep } from 'node:path';
import { LockstepError, reasonOf, systemCode } from '../../errors.ts';
import { makeFolder } from '../../host/atomic-file.ts';
import { printable } from '../../printable.ts';
import type { Labels } from '../dataset.ts';
import { MANIFEST_FILE } from '../loading/load-dataset.ts';
import { assertManifestFits, type DataFile, type DataRole, DatasetManifest } from '../manifest.ts';
import type { ImportedDataset } from './assemble.ts';
import { drawSheet } from './sheet.ts';

/** The picture of examples in the folder of a dataset with images. */
export const SHEET_FILE = 'sheet.png';

const NAMES: Readonly<Record<DataRole, string>> = {
  trainImages: 'train-images',
  trainLabels: 'train-labels',
  testImages: 'test-images',
  testLabels: 'test-labels',
};

const fileError = (message: string): LockstepError => new LockstepError('FILE', message);

/**
 * Throws a `FILE` error unless a dataset can go to `folder`: it is not there, or empty, or with
 * `isForced` another dataset. The source is never replaced.
 */
export async function assertReplaceable(
  folder: string,
  source: string,
  isForced: boolean,
): Promise<void> {
  const names: string[] = await readdir(folder).catch((error: unknown) => {
    if (systemCode(error) === 'ENOENT') return [];
    throw fileError(`cannot write to ${printable(folder)}: ${reasonOf(error)}.`);
  });
  if (names.length === 0) return;
  const [from, to] = [await realpath(source).catch(() => resolve(source)), await realpath(folder)];
  if (from === to || from.startsWith(to + sep))
    throw fileError(`--out ${printable(folder)} holds the source: choose another folder.`);
  if (!names.includes(MANIFEST_FILE))
    throw fileError(`--out ${printable(folder)} has other files: choose another folder.`);
  if (!isForced)
    throw fileError(`--out ${printable(folder)} has a dataset already: --force replaces it.`);
}

/** Writes a file that must not be there yet. */
export type WriteFile = (path: string, content: Uint8Array | string) => Promise<void>;

const writeSynced: WriteFile = async (path, content) => {
  const file = await open(path, 'wx');
  try {
    await file.writeFile(content);
    await file.sync();
  } finally {
    await file.close();
  }
};

/**
 * Writes the folder of a dataset. It is complete or absent, whatever happens: the files go to a
 * folder beside it, which is then renamed. Returns the manifest. Throws a `FILE` error, or a `DATA`
 * error if the manifest is too long.
 */
export async function writeDataset(
  dataset: ImportedDataset,
  folder: string,
  write: WriteFile = writeSynced,
): Promise<DatasetManifest> {
  const target = resolve(folder);
  const suffix = randomBytes(6).toString('hex');
  const temporary = join(dirname(target), `.${basename(target)}.${suffix}.tmp`);
  const { manifest, contents } = describe(dataset);
  assertManifestFits(manifest);
  try {
    await makeFolder(temporary);
    for (const [name, content] of contents) await write(join(temporary, name), content);
    await replaceFolder(temporary, target, suffix);
  } catch (error) {
    await rm(temporary, { recursive: true, force: true }).catch(() => {});
    const advice = systemCode(error) === 'ENOSPC' ? ' Make room, or choose another disk.' : '';
    throw fileError(`cannot write ${printable(folder)}: ${reasonOf(error)}.${advice}`);
  }
  return manifest;
}

async function replaceFolder(from: string, to: string, suffix: string): Promise<void> {
  const isThere = await stat(to).then(
    () => true,
    () => false,
  );
  if (!isThere) return rename(from, to);
  const old = join(dirname(to), `.${basename(to)}.${suffix}.old`);
  await rename(to, old);
  await rename(from, to).catch(async (error: unknown) => {
    await rename(old, to);
    throw error;
  });
  await rm(old, { recursive: true, force: true });
}

function describe(dataset: ImportedDataset) {
  const { definition, shape, train, test } = dataset;
  const contents = new Map<string, Uint8Array | string>();
  const add = (role: DataRole, content: Uint8Array): DataFile => {
    const name = NAMES[role];
    contents.set(name, content);
    const sha256 = createHash('sha256').update(content).digest('hex');
    return { name, sha256, bytes: content.length };
  };
  const files = {
    trainImages: add('trainImages', idxFile([train.count, ...shape], train.inputs)),
    trainLabels: add('trainLabels', idxFile([train.count], train.labels)),
    testImages: add('testImages', idxFile([test.count, ...shape], test.inputs)),
    testLabels: add('testLabels', idxFile([test.count], test.labels)),
  };
  const manifest = DatasetManifest.parse({ ...definition, files });
  contents.set(MANIFEST_FILE, `${JSON.stringify(manifest, null, 2)}\n`);
  const sheet = drawSheet(dataset);
  if (sheet) contents.set(SHEET_FILE, sheet);
  return { manifest, contents };
}

/** An IDX file: bytes, or big-endian numbers of 32 bits. */
export function idxFile(shape: readonly number[], values: Labels): Uint8Array {
  const start = 4 + 4 * shape.length;
  const file = new Uint8Array(start + values.byteLength);
  const view = new DataView(file.buffer);
  const type = values instanceof Uint8Array ? 0x08 : values instanceof Int32Array ? 0x0c : 0x0d;
  view.setUint32(0, (type << 8) | shape.length);
  for (const [i, extent] of shape.entries()) view.setUint32(4 + 4 * i, extent);
  if (values instanceof Uint8Array) file.set(values, start);
  else if (values instanceof Int32Array)
    for (let i = 0; i < values.length; i++) view.setInt32(start + 4 * i, values[i]);
  else for (let i = 0; i < values.length; i++) view.setFloat32(start + 4 * i, values[i]);
  return file;
}
