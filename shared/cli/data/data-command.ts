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
  const { manifest, imageShape, train, test } = dataset;
  return {
    name: manifest.name,
    imageShape,
    files: DATA_ROLES.map((role) => ({
      role,
      ...manifest.files[role],
      bytes: contents[role].length,
    })),
    trainingExamples: train.count,
    testExamples: test.count,
    classes: manifest.classNames.map((name, label) => ({
      label,
      name,
      trainingExamples: countLabel(train, label),
      testExamples: countLabel(test, label),
    })),
  };
}

const countLabel = (set: ExampleSet, label: number): number =>
  set.labels.reduce((count, value) => count + (value === label ? 1 : 0), 0);

function printDescription(console: Console, loaded: LoadedDataset): void {
  const { name, imageShape, files, trainingExamples, testExamples, classes } = describe(loaded);
  const [height, width] = imageShape;
  console.print(
    `${name}: ${formatCount(trainingExamples)} training and ${formatCount(testExamples)} ` +
      `test images of ${height} × ${width} pixels\n`,
  );
  for (const file of files) console.print(`  ${file.name.padEnd(24)} ${file.sha256}  verified`);
  console.print(`\n  class                training    test`);
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
      `--show ${index}: the ${setName} set has images 0 to ${set.count - 1}.`,
    );
  }
  const [height, width] = dataset.imageShape;
  const pixels = set.pixels.subarray(index * dataset.inputs, (index + 1) * dataset.inputs);
  const shadeOf = (pixel: number) => SHADES[Math.floor((pixel / 256) * SHADES.length)].repeat(2);
  const lines = Array.from({ length: height }, (_, row) =>
    Array.from(pixels.subarray(row * width, (row + 1) * width), shadeOf)
      .join('')
      .trimEnd(),
  );
  const label = set.labels[index];
  return [
    `${setName} ${index}: class ${label}, ${dataset.manifest.classNames[label]}`,
    ...lines,
  ].join('\n');
}
