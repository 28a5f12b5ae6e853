import { readdir, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { reasonOf } from '../../errors.ts';
import { readRegularFile, readTextFile } from '../../host/read-file.ts';
import { parseAnyIdx } from '../formats/any-idx.ts';
import { CIFAR10_CLASSES, parseCifar } from '../formats/cifar.ts';
import { type IdxNames, readIdxFiles } from '../loading/describe-folder.ts';
import { DATA_BYTES_MAX } from '../manifest.ts';
import { fromArrays } from './array-file.ts';
import {
  dataError,
  type ImportContext,
  type ImportOptions,
  type SourceExamples,
} from './source.ts';

/** Reads four IDX files of any types and sizes that images and labels may have. */
export async function readIdxFolder(
  folder: string,
  names: IdxNames,
  options: ImportOptions,
  context: ImportContext,
): Promise<SourceExamples> {
  const files = await readIdxFiles(folder, names);
  const parse = (role: keyof IdxNames) => parseAnyIdx(files[role].content, names[role]);
  const arrays = new Map([
    ['x_train', parse('trainImages')],
    ['y_train', parse('trainLabels')],
    ['x_test', parse('testImages')],
    ['y_test', parse('testLabels')],
  ]);
  return { ...fromArrays(arrays, folder, options, context), format: 'IDX files' };
}

/** Names of CIFAR-10's files, and, with two labels, those of CIFAR-100. */
const CIFAR_NAME = /^(data_batch_\d+|test_batch|train|test)\.bin$/;

export const isCifarName = (name: string): boolean => CIFAR_NAME.test(name);

/** Reads the binary files of CIFAR-10 or CIFAR-100 in a folder, or one of them. */
export async function readCifar(path: string, { note }: ImportContext): Promise<SourceExamples> {
  const isFolder = (await stat(path)).isDirectory();
  const folder = isFolder ? path : dirname(path);
  const names = isFolder ? (await readdir(path)).filter(isCifarName).sort() : [basename(path)];
  const has100 = names.some((name) => /^(train|test)\.bin$/.test(name));
  const parts: { pixels: Uint8Array; labels: Uint8Array; isTest: boolean }[] = [];
  for (const name of names) {
    try {
      const content = await readRegularFile(join(folder, name), DATA_BYTES_MAX);
      parts.push({ ...parseCifar(content, has100 ? 2 : 1), isTest: name.startsWith('test') });
    } catch (error) {
      throw dataError(`cannot read ${join(folder, name)}: ${reasonOf(error).replace(/\.$/, '')}.`);
    }
  }
  if (has100) note('of the two labels of CIFAR-100, the fine one is the target');
  const hasBoth = new Set(parts.map(({ isTest }) => isTest)).size === 2;
  return {
    format: has100 ? 'CIFAR-100' : 'CIFAR-10',
    count: parts.reduce((sum, { labels }) => sum + labels.length, 0),
    inputs: {
      kind: 'images',
      height: 32,
      width: 32,
      channels: 3,
      pixels: Buffer.concat(parts.map(({ pixels }) => pixels)),
    },
    target: {
      name: 'label',
      kind: 'number',
      values: Float64Array.from(Buffer.concat(parts.map(({ labels }) => labels))),
    },
    classNames: await readClassNames(folder, has100),
    isTest: hasBoth
      ? Uint8Array.from(
          parts.flatMap(({ labels, isTest }) => Array(labels.length).fill(isTest ? 1 : 0)),
        )
      : undefined,
  };
}

/** The names beside the files, a line each. */
async function readClassNames(
  folder: string,
  has100: boolean,
): Promise<readonly string[] | undefined> {
  const name = has100 ? 'fine_label_names.txt' : 'batches.meta.txt';
  const text = await readTextFile(join(folder, name)).catch(() => undefined);
  if (text === undefined) return has100 ? undefined : CIFAR10_CLASSES;
  return text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
}
