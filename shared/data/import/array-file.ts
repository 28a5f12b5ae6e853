import { readdir, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { reasonOf } from '../../errors.ts';
import { readRegularFile } from '../../host/read-file.ts';
import { printable } from '../../printable.ts';
import { type NpyArray, type NpyTexts, parseNpyOrTexts } from '../formats/npy.ts';
import { parseNpz } from '../formats/npz.ts';
import { DATA_BYTES_MAX } from '../manifest.ts';
import { type Column, textColumn } from '../tables/table.ts';
import {
  assertFinite,
  columnsOfArrays,
  imagesOfArrays,
  imagesOfColumns,
} from './images-of-numbers.ts';
import {
  dataError,
  type ImportContext,
  type ImportOptions,
  type SourceExamples,
} from './source.ts';
import { fromTable } from './table-file.ts';

export type NamedArrays = ReadonlyMap<string, NpyArray | NpyTexts>;

/** Inputs and targets of a set. */
interface ArrayPair {
  readonly inputs: NpyArray;
  readonly targets: NpyArray | NpyTexts;
  readonly isTest: boolean;
}

/** Reads an NPZ file, an NPY file, or a folder of NPY files. Throws a `DATA` error. */
export async function readArrayFiles(
  path: string,
  options: ImportOptions,
  context: ImportContext,
): Promise<SourceExamples> {
  const arrays = await readArrays(path);
  const [single] = arrays.values();
  const isTable = arrays.size === 1 && 'values' in single && single.shape.length === 2;
  if (isTable && 'values' in single) {
    assertFinite(single.values, single.shape[1], path);
    const columns = columnsOfArrays([single]);
    return fromTable({ rowCount: single.shape[0], columns }, options, context, 'an array');
  }
  return fromArrays(arrays, path, options, context);
}

async function readArrays(path: string): Promise<Map<string, NpyArray | NpyTexts>> {
  const info = await stat(path);
  const names = info.isDirectory()
    ? (await readdir(path)).filter((name) => name.endsWith('.npy')).sort()
    : [];
  const arrays = new Map<string, NpyArray | NpyTexts>();
  for (const file of info.isDirectory() ? names.map((name) => join(path, name)) : [path]) {
    try {
      const content = await readRegularFile(file, DATA_BYTES_MAX);
      if (content[0] === 0x50) return parseNpz(content);
      arrays.set(basename(file, '.npy'), parseNpyOrTexts(content));
    } catch (error) {
      throw dataError(`cannot read ${file}: ${reasonOf(error).replace(/\.$/, '')}.`);
    }
  }
  return arrays;
}

/** Arrays with names such as `x_train` and `y_train` as examples. Throws a `DATA` error. */
export function fromArrays(
  arrays: NamedArrays,
  path: string,
  options: ImportOptions,
  { note }: ImportContext,
): SourceExamples {
  const pairs = pairsOf(arrays, path, note);
  for (const { inputs, targets } of pairs) {
    if (inputs.shape[0] !== targets.shape[0])
      throw dataError(
        `${path}: ${inputs.shape[0]} inputs, but ${targets.shape[0]} targets. Save them together.`,
      );
  }
  const [first] = pairs;
  const rowShape = first.inputs.shape.slice(1).join(' × ');
  const other = pairs.find(({ inputs }) => inputs.shape.slice(1).join(' × ') !== rowShape);
  if (other)
    throw dataError(
      `${path}: examples of ${rowShape} values for training and of ` +
        `${other.inputs.shape.slice(1).join(' × ')} for testing. Save both in one size.`,
    );
  const count = pairs.reduce((sum, { inputs }) => sum + inputs.shape[0], 0);
  const isTest = new Uint8Array(count);
  let at = 0;
  for (const { inputs, isTest: test } of pairs) {
    isTest.fill(test ? 1 : 0, at, at + inputs.shape[0]);
    at += inputs.shape[0];
  }
  return {
    format: 'arrays',
    count,
    inputs: inputsOf(pairs, path, count, options, note),
    target: targetOf(pairs, path),
    isTest: pairs.some((pair) => pair.isTest) ? isTest : undefined,
  };
}

function inputsOf(
  pairs: readonly ArrayPair[],
  path: string,
  count: number,
  { size }: ImportOptions,
  note: (line: string) => void,
): SourceExamples['inputs'] {
  const arrays = pairs.map(({ inputs }) => inputs);
  const [{ shape }] = arrays;
  for (const { values } of arrays) assertFinite(values, values.length / count, path);
  if (shape.length >= 3 && shape.length <= 4) {
    const images = imagesOfArrays(arrays, note);
    if (size && (size.height !== images.height || size.width !== images.width))
      throw dataError(
        `--size ${size.height}x${size.width}: arrays keep their size, ${images.height} × ` +
          `${images.width}. Leave --size out.`,
      );
    return images;
  }
  if (shape.length > 2)
    throw dataError(
      `${path}: the shape ${shape.join(' × ')} has too many dimensions: save images.`,
    );
  const columns = columnsOfArrays(arrays);
  return size ? imagesOfColumns(columns, count, size, note) : { kind: 'table', columns };
}

const INPUT_NAME = /(^|_)(x|images?|data|features?|inputs?|pixels)(_|$)/;
const TARGET_NAME = /(^|_)(y|labels?|targets?|classes)(_|$)/;
const SETS = ['train', 'test', 'val'] as const;

interface Named {
  readonly name: string;
  readonly array: NpyArray | NpyTexts;
  readonly set: (typeof SETS)[number] | undefined;
  readonly isTarget: boolean;
}

function nameOf(name: string, array: NpyArray | NpyTexts): Named | undefined {
  const parts = name
    .toLowerCase()
    .replace(/(train(ing)?|test(ing)?|val(id(ation)?)?)/, '_$1_')
    .replace(/[^a-z]+/g, '_');
  const isTarget = TARGET_NAME.test(parts);
  if (!isTarget && !INPUT_NAME.test(parts)) return undefined;
  return { name, array, isTarget, set: SETS.find((set) => parts.includes(`_${set}`)) };
}

function pairsOf(arrays: NamedArrays, path: string, note: (line: string) => void): ArrayPair[] {
  const named = [...arrays].flatMap(([name, array]) => nameOf(name, array) ?? []);
  const pairs: ArrayPair[] = [];
  for (const set of [undefined, ...SETS]) {
    const ofSet = named.filter((entry) => entry.set === set);
    const inputs = ofSet.find(({ isTarget }) => !isTarget);
    const targets = ofSet.find(({ isTarget }) => isTarget);
    if (!inputs || !targets || !('values' in inputs.array)) continue;
    if (set === 'val')
      note(`${inputs.name} joins the training set, of which --validation holds some out`);
    pairs.push({ inputs: inputs.array, targets: targets.array, isTest: set === 'test' });
  }
  const [x, y] = [arrays.get('arr_0'), arrays.get('arr_1')];
  if (pairs.length === 0 && x && y && 'values' in x) {
    note('arr_0 are the inputs and arr_1 the targets');
    pairs.push({ inputs: x, targets: y, isTest: false });
  }
  if (pairs.some(({ isTest }) => !isTest)) return pairs;
  const found = [...arrays].map(([name, { shape }]) => `${printable(name)} (${shape.join(' × ')})`);
  throw dataError(
    `${path}: looked for arrays x_train, y_train, x_test, y_test, or x and y, and there are ` +
      `${found.slice(0, 12).join(', ') || 'none'}. Name them so.`,
  );
}

/** Targets as a column: numbers, texts, or a one in the place of the class. */
function targetOf(pairs: readonly ArrayPair[], path: string): Column {
  const all = pairs.map(({ targets }) => targets);
  for (const { shape } of all) {
    if (shape.length > 2)
      throw dataError(
        `${path}: targets have the shape ${shape.join(' × ')}: save one for each row.`,
      );
  }
  const texts = all.flatMap((targets) => ('texts' in targets ? [targets.texts] : []));
  if (texts.length > 0) {
    if (texts.length < all.length)
      throw dataError(`${path}: some targets are text and some numbers.`);
    return textColumn('label', texts.flat());
  }
  const numbers = all as NpyArray[];
  for (const { values } of numbers) assertFinite(values, 1, `${path}, targets`);
  const width = numbers[0].shape[1] ?? 1;
  const values = numbers.flatMap((array) =>
    width === 1 ? [...array.values] : hotPlaces(array, path),
  );
  return { name: 'label', kind: 'number', values: Float64Array.from(values) };
}

/** The place of the one in each row of zeros. */
function hotPlaces({ shape: [count, width], values }: NpyArray, path: string): number[] {
  return Array.from({ length: count }, (_, row) => {
    const cells = values.subarray(row * width, (row + 1) * width);
    const place = cells.indexOf(1);
    if (place >= 0 && cells.every((cell, i) => cell === (i === place ? 1 : 0))) return place;
    throw dataError(
      `${path}: the target of row ${row} has ${width} numbers that are no single one among ` +
        'zeros: save one target for each row.',
    );
  });
}
