import { Command, Option } from 'commander';
import type { Dataset, ExampleSet } from '../../data/dataset.ts';
import {
  coordinatorSources,
  type DataEvent,
  type LoadedDataset,
  loadDataset,
  readManifest,
} from '../../data/loading/load-dataset.ts';
import { DATA_ROLES } from '../../data/manifest.ts';
import { describeShape, type ExampleShape } from '../../data/shape.ts';
import { classNamesOf, inputNamesOf, isRegression } from '../../data/target.ts';
import { LockstepError } from '../../errors.ts';
import { type Console, createConsole, createJsonPrinter, isJsonAsked } from '../console.ts';
import { formatCount } from '../format.ts';
import { interruptionSignal } from '../interruption.ts';
import { wholeNumber } from '../option-parsers.ts';
import { showDataEvent } from '../show-data-event.ts';
import { describeCommand } from './describe-command.ts';
import { importCommand } from './import-command.ts';

interface DataOptions {
  readonly dataDir?: string;
  readonly show?: number;
  readonly set: 'train' | 'test';
  readonly json?: true;
}

export function dataCommand(): Command {
  return new Command('data')
    .summary('fetch, verify and describe the dataset')
    .description(
      'Gets Fashion-MNIST (from --data-dir, the cache, Debian or a mirror), verifies the SHA-256 ' +
        'of every file, and describes the dataset.',
    )
    .option(
      '--data-dir <dir>',
      'folder with the four IDX files, gzipped or not (default: found or fetched)',
    )
    .addOption(new Option('--show <index>', 'print one image as text').argParser(wholeNumber(0)))
    .addOption(
      new Option('--set <name>', 'set that --show takes the image from')
        .choices(['train', 'test'])
        .default('train'),
    )
    .option('--json', 'print the description as one line of JSON')
    .addCommand(describeCommand())
    .addCommand(importCommand())
    .action(async (options: DataOptions) => {
      const manifest = await readManifest(options.dataDir);
      const console = createConsole(process.stdout);
      const isJson = isJsonAsked(options);
      const report = isJson
        ? createJsonPrinter(process.stdout)
        : (event: DataEvent) => showDataEvent(console, event);
      const context = { signal: interruptionSignal(), report };
      const loaded = await loadDataset(manifest, coordinatorSources(options.dataDir), context);
      if (options.show !== undefined)
        return console.print(drawExample(loaded.dataset, options.set, options.show));
      if (isJson) return console.print(JSON.stringify({ event: 'dataset', ...describe(loaded) }));
      printDescription(console, loaded);
    });
}

function describe({ dataset, contents }: LoadedDataset) {
  const { manifest, kind, shape, train, test } = dataset;
  return {
    name: manifest.name,
    kind,
    shape,
    files: DATA_ROLES.map((role) => ({
      role,
      ...manifest.files[role],
      bytes: contents[role].length,
    })),
    trainingExamples: train.count,
    testExamples: test.count,
    classes: classNamesOf(manifest).map((name, label) => ({
      label,
      name,
      trainingExamples: countLabel(train, label),
      testExamples: countLabel(test, label),
    })),
  };
}

const countLabel = (set: ExampleSet, label: number): number =>
  set.labels.filter((value) => value === label).length;

function printDescription(console: Console, loaded: LoadedDataset): void {
  const { name, kind, shape, files, trainingExamples, testExamples, classes } = describe(loaded);
  console.print(
    `${name}: ${formatCount(trainingExamples)} training and ${formatCount(testExamples)} ` +
      `test ${describeShape(kind, shape)}\n`,
  );
  for (const file of files) console.print(`  ${file.name.padEnd(24)} ${file.sha256}  verified`);
  if (classes.length > 0) console.print(`\n  class                training    test`);
  for (const { label, name, trainingExamples, testExamples } of classes) {
    const counts =
      formatCount(trainingExamples).padStart(8) + formatCount(testExamples).padStart(8);
    console.print(`  ${label}  ${name.padEnd(16)} ${counts}`);
  }
}

/** Characters for pixels, from black to white. */
const SHADES = ' .:-=+*#%@';

function drawExample(dataset: Dataset, setName: 'train' | 'test', index: number): string {
  const set = dataset[setName];
  if (index >= set.count) {
    throw new LockstepError(
      'USAGE',
      `--show ${index}: the ${setName} set has examples 0 to ${set.count - 1}.`,
    );
  }
  const { inputCount } = dataset;
  const values = set.inputs.subarray(index * inputCount, (index + 1) * inputCount);
  const label = set.labels[index];
  const { manifest } = dataset;
  const target = isRegression(manifest)
    ? `${manifest.target.name} ${label * manifest.target.deviation + manifest.target.mean}`
    : `class ${label}, ${manifest.classNames[label]}`;
  const lines = values instanceof Uint8Array ? drawPixels(values, dataset.shape) : [];
  return [`${setName} ${index}: ${target}`, ...lines, ...listFeatures(dataset, values)].join('\n');
}

/** A line of shades per row of pixels, each the mean of its channels. */
function drawPixels(values: Uint8Array, { height, width, channels }: ExampleShape): string[] {
  const shadeOf = (place: number) => {
    const pixel = values.subarray(place * channels, (place + 1) * channels);
    const mean = pixel.reduce((sum, value) => sum + value, 0) / channels;
    return SHADES[Math.floor((mean / 256) * SHADES.length)].repeat(2);
  };
  return Array.from({ length: height }, (_, row) =>
    Array.from({ length: width }, (_, column) => shadeOf(row * width + column))
      .join('')
      .trimEnd(),
  );
}

/** A line per feature, by the name of its input. */
function listFeatures({ manifest }: Dataset, values: ExampleSet['inputs']): string[] {
  if (values instanceof Uint8Array) return [];
  const names = manifest.columns ? inputNamesOf(manifest.columns) : [];
  return Array.from(values, (value, i) => `  ${names[i] ?? `input ${i}`}  ${value.toPrecision(4)}`);
}
