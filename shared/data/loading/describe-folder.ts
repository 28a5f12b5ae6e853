import { createHash } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import { LockstepError, reasonOf } from '../../errors.ts';
import { shellWord } from '../../printable.ts';
import {
  DATA_BYTES_MAX,
  DATA_ROLES,
  type DataRole,
  type DatasetManifest,
  KNOWN_DATASETS,
} from '../manifest.ts';
import { folderSource } from './content-sources.ts';
import { packedBytesMax, unpackBounded } from './unpack.ts';

/** The names of a dataset's files in a folder, without `.gz`. */
export type IdxNames = Readonly<Record<DataRole, string>>;

/** The content of a file, and what a manifest says about it. */
interface DescribedFile {
  readonly content: Uint8Array;
  readonly file: { readonly name: string; readonly sha256: string; readonly bytes: number };
}

/**
 * Finds a dataset's four IDX files by their names, such as `train-images-idx3-ubyte`,
 * `t10k-labels.idx1-ubyte.gz` or `emnist-letters-test-images-idx3-ubyte`. Undefined if one is
 * missing. Throws a `DATA` error if there are two of a kind, or the folder cannot be read.
 */
export async function findIdxFiles(folder: string): Promise<IdxNames | undefined> {
  const names = await readdir(folder).catch((error: unknown) => {
    throw new LockstepError('DATA', `cannot read the folder ${folder}: ${reasonOf(error)}.`);
  });
  const found: Partial<Record<DataRole, string>> = {};
  for (const name of names.map((name) => name.replace(/\.gz$/, '')).sort()) {
    const role = roleOf(name);
    if (!role || found[role] === name) continue;
    if (found[role] !== undefined) {
      throw new LockstepError(
        'DATA',
        `${folder} has files of two datasets, ${found[role]} and ${name}: ` +
          'put the four files of one dataset into a folder of their own.',
      );
    }
    found[role] = name;
  }
  return DATA_ROLES.every((role) => found[role] !== undefined) ? (found as IdxNames) : undefined;
}

/** What an IDX file holds, by its name. The files have no ending, or one that tells the format. */
function roleOf(name: string): DataRole | undefined {
  if (!/^[\w.-]+$/.test(name) || (name.includes('.') && !/idx|ubyte/i.test(name))) return undefined;
  const isImages = /image/i.test(name);
  if (!isImages && !/label/i.test(name)) return undefined;
  if (/train/i.test(name)) return isImages ? 'trainImages' : 'trainLabels';
  if (/t10k|test/i.test(name)) return isImages ? 'testImages' : 'testLabels';
  return undefined;
}

/**
 * The manifest of a folder without one, if its labels are those of a dataset that Lockstep knows.
 * Throws a `DATA` error that says how to describe them if they are not.
 */
export async function identifyFolder(folder: string, names: IdxNames): Promise<DatasetManifest> {
  for (const role of ['testLabels', 'trainLabels'] as const) {
    const { sha256 } = (await readIdxFile(folder, names[role])).file;
    const known = KNOWN_DATASETS.find(({ files }) => files[role].sha256 === sha256);
    if (known) return { ...known, files: withNames(known.files, names) };
  }
  const others = KNOWN_DATASETS.map(({ name }) => name).join(' or ');
  throw new LockstepError(
    'DATA',
    `the files in ${folder} are not those of ${others}. If they are whole, describe them once: ` +
      `npx lockstep data describe ${shellWord(folder)}`,
  );
}

function withNames(files: DatasetManifest['files'], names: IdxNames): DatasetManifest['files'] {
  const named = { ...files };
  for (const role of DATA_ROLES) named[role] = { ...files[role], name: names[role] };
  return named;
}

/** Reads all four files, and describes them for a manifest. Throws a `DATA` error. */
export async function readIdxFiles(folder: string, names: IdxNames) {
  const described: Partial<Record<DataRole, DescribedFile>> = {};
  for (const role of DATA_ROLES) described[role] = await readIdxFile(folder, names[role]);
  return described as Record<DataRole, DescribedFile>;
}

async function readIdxFile(folder: string, name: string): Promise<DescribedFile> {
  const packed = await folderSource(folder).read(
    { name, sha256: '' },
    {
      bytesMax: packedBytesMax(DATA_BYTES_MAX),
      signal: new AbortController().signal,
      onProgress() {},
    },
  );
  if (!packed) throw new LockstepError('DATA', `${folder} has no ${name} any more.`);
  const content = await unpackBounded(packed, name);
  const sha256 = createHash('sha256').update(content).digest('hex');
  return { content, file: { name, sha256, bytes: content.length } };
}
