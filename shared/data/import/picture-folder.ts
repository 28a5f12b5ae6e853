import { readdir, realpath, stat } from 'node:fs/promises';
import { basename, extname, join, relative } from 'node:path';
import { reasonOf } from '../../errors.ts';
import { readRegularFile } from '../../host/read-file.ts';
import { PICTURE_BYTES_MAX } from '../../pictures/read-pictures.ts';
import { printable } from '../../printable.ts';
import { textColumn } from '../tables/table.ts';
import { decodePictures } from './decode-pictures.ts';
import {
  dataError,
  type ImportContext,
  type ImportOptions,
  type SourceExamples,
} from './source.ts';

/*
 * A folder of pictures: a folder for each class, and above them perhaps one for each set.
 *
 *   DIR/dog/x.png               DIR/train/dog/x.png
 *   DIR/cat/deep/y.png          DIR/test/cat/y.png
 */

/** Endings of pictures. The content decides how a file is read. */
export const PICTURE_ENDING = /\.(png|jpe?g|webp|gif|tiff?)$/i;
const ENDINGS = '.png, .jpg, .webp, .gif and .tiff';

const DEPTH_MAX = 32;
const FILES_MAX = 10_000_000;

type SetName = 'train' | 'test' | 'validation';
const SET_NAMES: Readonly<Record<string, SetName>> = {
  train: 'train',
  training: 'train',
  test: 'test',
  testing: 'test',
  val: 'validation',
  valid: 'validation',
  validation: 'validation',
};

const setOf = (name: string): SetName | undefined => SET_NAMES[name.toLowerCase()];

interface Entry {
  readonly name: string;
  readonly path: string;
  readonly isFolder: boolean;
}

interface ListedPicture {
  readonly path: string;
  readonly className: string;
  readonly set: SetName | undefined;
}

/** Reads a folder of pictures. Throws a `DATA` error. */
export async function readPictureFolder(
  folder: string,
  options: ImportOptions,
  context: ImportContext,
): Promise<SourceExamples> {
  const walk = createWalk(context.note);
  const top = await unwrap(folder, walk, context.note);
  const sets = (await walk.list(top)).filter(({ name, isFolder }) => isFolder && setOf(name));
  const pictures: ListedPicture[] = [];
  const empty = sets.length === 0 ? await listClasses(top, undefined, walk, pictures) : [];
  for (const { path, name } of sets)
    empty.push(...(await listClasses(path, setOf(name), walk, pictures)));
  if (pictures.length === 0) throw await noPictures(folder, walk);
  if (empty.length > 0) throw noPictureOf(empty[0]);
  const isTest = chooseSets(pictures, context.note);
  const inputs = await decodePictures(
    pictures.map(({ path }) => ({
      name: relative(folder, path) || basename(path),
      read: () => readRegularFile(path, PICTURE_BYTES_MAX),
    })),
    options,
    context,
  );
  const target = textColumn(
    'class',
    pictures.map(({ className }) => printable(className)),
  );
  return { format: 'a folder of pictures', count: pictures.length, inputs, target, isTest };
}

/** A folder with nothing but a folder of classes or sets stands for that one. */
async function unwrap(folder: string, walk: Walk, note: (line: string) => void): Promise<string> {
  const entries = await walk.list(folder);
  const folders = entries.filter(({ isFolder }) => isFolder);
  if (folders.length !== 1 || setOf(folders[0].name) || entries.some(isPicture)) return folder;
  const inner = await walk.list(folders[0].path);
  if (!inner.some(({ isFolder }) => isFolder)) return folder;
  note(`the classes are in ${printable(folders[0].path)}`);
  return folders[0].path;
}

const isPicture = ({ name, isFolder }: Entry): boolean => !isFolder && PICTURE_ENDING.test(name);

/** Adds the pictures of each class, and returns the folders of classes without any. */
async function listClasses(
  folder: string,
  set: SetName | undefined,
  walk: Walk,
  pictures: ListedPicture[],
): Promise<Entry[]> {
  const empty: Entry[] = [];
  for (const entry of await walk.list(folder)) {
    if (!entry.isFolder) continue;
    const before = pictures.length;
    for await (const path of walk.pictures(entry.path)) {
      pictures.push({ path, className: entry.name, set });
      if (pictures.length > FILES_MAX)
        throw dataError(`${printable(folder)} has more than ${FILES_MAX} files.`);
    }
    if (pictures.length === before) empty.push(entry);
  }
  return empty;
}

const noPictureOf = ({ name, path }: Entry) =>
  dataError(
    `the class ${printable(name)} has no pictures (${printable(path)}): add some, or remove ` +
      'the folder.',
  );

/** Which pictures are for testing: those of `test`, or else of `validation`. */
function chooseSets(
  pictures: readonly ListedPicture[],
  note: (line: string) => void,
): Uint8Array | undefined {
  const has = (set: SetName) => pictures.some((picture) => picture.set === set);
  if (!has('test') && !has('validation')) return undefined;
  if (!has('train')) {
    note('there is no folder train: all pictures are split');
    return undefined;
  }
  const testSet = has('test') ? 'test' : 'validation';
  if (testSet === 'validation') note('there is no folder test: that of validation is the test set');
  else if (has('validation'))
    note(
      'the pictures for validation join those for training, of which --validation holds some out',
    );
  return Uint8Array.from(pictures, ({ set }) => (set === testSet ? 1 : 0));
}

/** What was looked for, and what is there. */
async function noPictures(folder: string, walk: Walk): Promise<Error> {
  const entries = await walk.list(folder);
  const files = entries.filter(({ isFolder }) => !isFolder);
  const endings = new Map<string, number>();
  for (const { name } of files) {
    const ending = extname(name).toLowerCase() || 'without ending';
    endings.set(ending, (endings.get(ending) ?? 0) + 1);
  }
  const found = [...endings].map(([ending, count]) => `${count} files ${printable(ending)}`);
  const folders = entries.length - files.length;
  if (folders > 0) found.push(`${folders} folders without pictures`);
  return dataError(
    `found no pictures in folders of classes: looked for ${ENDINGS} in ` +
      `${printable(folder)}/CLASS/ and ${printable(folder)}/train/CLASS/, and there are ` +
      `${found.join(', ') || 'no files'}. Put the pictures of ` +
      'each class into a folder with its name.',
  );
}

interface Walk {
  /** The entries of a folder in order, without hidden ones. */
  list(folder: string): Promise<Entry[]>;
  /** The pictures in a folder and below, in order. */
  pictures(folder: string): AsyncGenerator<string>;
}

const IGNORED: ReadonlySet<string> = new Set(['__MACOSX', 'Thumbs.db', 'desktop.ini']);

function createWalk(note: (line: string) => void): Walk {
  async function list(folder: string): Promise<Entry[]> {
    const names = await readdir(folder).catch((error: unknown) => {
      throw dataError(`cannot read the folder ${printable(folder)}: ${reasonOf(error)}.`);
    });
    const entries: Entry[] = [];
    for (const name of names.sort()) {
      if (name.startsWith('.') || IGNORED.has(name)) continue;
      const path = join(folder, name);
      const info = await stat(path).catch(() => undefined);
      if (info) entries.push({ name, path, isFolder: info.isDirectory() });
      else note(`left out, because it leads nowhere: ${printable(path)}`);
    }
    return entries;
  }

  /** `above`: the real paths of the folders that lead here. A link to one of them is a loop. */
  async function* pictures(folder: string, above: readonly string[] = []): AsyncGenerator<string> {
    const real = await realpath(folder);
    if (above.includes(real))
      return note(`left out, because it leads to itself: ${printable(folder)}`);
    if (above.length >= DEPTH_MAX) throw dataError(`${printable(folder)} is too deep: move it up.`);
    for (const entry of await list(folder)) {
      if (entry.isFolder) yield* pictures(entry.path, [...above, real]);
      else if (isPicture(entry)) yield entry.path;
    }
  }

  return { list, pictures };
}
