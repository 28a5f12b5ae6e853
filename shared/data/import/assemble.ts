import { printable } from '../../printable.ts';
import type { Labels } from '../dataset.ts';
import type { ClassManifest, RegressionManifest } from '../manifest.ts';
import { chooseTask, classesOf } from '../tables/choose-target.ts';
import { createRowEncoder } from '../tables/encode-row.ts';
import { fitColumns, standardize } from '../tables/fit-columns.ts';
import { type Column, listOf, type NumberColumn, valueAt } from '../tables/table.ts';
import { dataError, type ImportOptions, type SourceExamples } from './source.ts';
import { createDigests, type Split, splitExamples } from './split.ts';

/** The examples of a set, as a dataset's files have them. */
export interface ImportedSet {
  readonly count: number;
  readonly inputs: Uint8Array | Float32Array;
  readonly labels: Labels;
}

/** A dataset in memory that is not yet in files. */
export interface ImportedDataset {
  readonly format: string;
  /** The manifest, but for its files. */
  readonly definition: Omit<ClassManifest, 'files'> | Omit<RegressionManifest, 'files'>;
  /** The shape of an example. */
  readonly shape: readonly number[];
  readonly train: ImportedSet;
  readonly test: ImportedSet;
  /** How many test examples have the same inputs as one for training. */
  readonly duplicates: number;
}

/** Splits examples, standardizes what is to be, and numbers the classes. Throws a `DATA` error. */
export function assembleDataset(
  examples: SourceExamples,
  options: ImportOptions,
  name: string,
  note: (line: string) => void,
): ImportedDataset {
  const { target, count, format } = examples;
  const rows = Array.from({ length: count }, (_, row) => row);
  const labeled = rows.filter((row) => valueAt(target, row) !== undefined);
  if (labeled.length < count)
    note(`left out, because the target is missing: ${count - labeled.length} of ${count} rows`);
  const digestOf = createDigests(examples);
  const digests = rows.map(digestOf);
  const goal = createGoal(examples, options, note);
  const split = splitExamples(examples, labeled, digests, options);
  const { definition, labels } = goal(split);
  const inputs = createInputs(examples, options, split, note);
  const setOf = (chosen: Uint32Array): ImportedSet => ({
    count: chosen.length,
    inputs: inputs.of(chosen),
    labels: labels(chosen),
  });
  const trained = new Set(Array.from(split.train, (row) => digests[row]));
  return {
    format,
    definition: { name, ...definition, ...(inputs.columns && { columns: inputs.columns }) },
    shape: inputs.shape,
    train: setOf(split.train),
    test: setOf(split.test),
    duplicates: split.test.filter((row) => trained.has(digests[row])).length,
  };
}

type Definition = Pick<ClassManifest, 'classNames'> | Pick<RegressionManifest, 'target'>;

/** What is to be learned, when the split is known. */
type Goal = (split: Split) => { definition: Definition; labels: (rows: Uint32Array) => Labels };

function createGoal(
  { target, classNames }: SourceExamples,
  options: ImportOptions,
  note: (line: string) => void,
): Goal {
  if (chooseTask(target, options.task) === 'regression') {
    if (options.task === undefined && isWhole(target))
      note(
        `the target ${printable(target.name)} has many whole numbers, so it is a quantity; ` +
          '--task classes makes a class of each',
      );
    return (split) => number(target, split);
  }
  const { classes } = options;
  const { names, labels } = classesOf(target, { classes, classNames }, note);
  return ({ train, test }) => {
    assertLearnable(names, labels, train, test, note);
    return {
      definition: { classNames: [...names] },
      labels: (rows) => labelsOf(rows, labels, names.length),
    };
  };
}

const isWhole = (column: Column): boolean =>
  column.kind === 'number' &&
  column.values.every((value) => Number.isNaN(value) || Number.isInteger(value));

function labelsOf(rows: Uint32Array, labels: Int32Array, classCount: number): Labels {
  const labelOf = (row: number) => labels[row];
  return classCount <= 256 ? Uint8Array.from(rows, labelOf) : Int32Array.from(rows, labelOf);
}

function number(target: Column, { train }: Split) {
  const { name, values } = target as NumberColumn;
  if (train.every((row) => values[row] === values[train[0]]))
    throw dataError(
      `the target ${printable(name)} is the same in all training rows, so there is nothing to ` +
        'learn: choose another with --target.',
    );
  const { mean, deviation } = standardize(values, train, name);
  return {
    definition: { target: { name, mean, deviation } },
    labels: (rows: Uint32Array) =>
      Float32Array.from(rows, (row) => (values[row] - mean) / deviation),
  };
}

/** Each class needs an example for training. */
function assertLearnable(
  names: readonly string[],
  labels: Int32Array,
  train: Uint32Array,
  test: Uint32Array,
  note: (line: string) => void,
): void {
  const inSet = (rows: Uint32Array) => new Set(Array.from(rows, (row) => labels[row]));
  const [trained, tested] = [inSet(train), inSet(test)];
  const without = (set: ReadonlySet<number>) =>
    names.filter((_, label) => !set.has(label)).map((name) => ({ name }));
  const unlearned = without(trained);
  if (unlearned.length > 0)
    throw dataError(
      `${unlearned.length} of ${names.length} classes have no example for training ` +
        `(${listOf(unlearned)}): add examples, leave the class out, or try another --seed.`,
    );
  const untested = without(tested);
  if (untested.length > 0)
    note(`no test example has one of ${untested.length} classes: ${listOf(untested)}`);
}

function createInputs(
  { inputs }: SourceExamples,
  options: ImportOptions,
  { train }: Split,
  note: (line: string) => void,
) {
  if (inputs.kind === 'images') {
    const { height, width, channels, pixels } = inputs;
    const size = height * width * channels;
    return {
      columns: undefined,
      shape: channels === 1 ? [height, width] : [height, width, channels],
      of(rows: Uint32Array) {
        const chosen = new Uint8Array(rows.length * size);
        for (const [i, row] of rows.entries())
          chosen.set(pixels.subarray(row * size, (row + 1) * size), i * size);
        return chosen;
      },
    };
  }
  const indices = inputs.columns.map((_, i) => i);
  const fitted = fitColumns(inputs.columns, indices, train, new Set(options.keep), note);
  const columns = fitted.map(({ column }) => column);
  const sources = fitted.map(({ index }) => inputs.columns[index]);
  const { encode, inputCount } = createRowEncoder(columns);
  return {
    columns,
    shape: [inputCount],
    of(rows: Uint32Array) {
      const encoded = new Float32Array(rows.length * inputCount);
      for (const [i, row] of rows.entries())
        encode(
          sources.map((source) => valueAt(source, row)),
          encoded,
          i * inputCount,
        );
      return encoded;
    },
  };
}
