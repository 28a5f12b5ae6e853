import { basename, resolve } from 'node:path';
import { Command, InvalidArgumentError, Option } from 'commander';
import { assembleDataset } from '../../data/import/assemble.ts';
import { findingsOf } from '../../data/import/findings.ts';
import { readSource } from '../../data/import/read-source.ts';
import type { ImportOptions } from '../../data/import/source.ts';
import { assertReplaceable, writeDataset } from '../../data/import/write-dataset.ts';
import type { Task } from '../../data/tables/choose-target.ts';
import { LockstepError } from '../../errors.ts';
import { printable, shellWord } from '../../printable.ts';
import { createConsole, createJsonPrinter, isJsonAsked } from '../console.ts';
import { interruptionSignal } from '../interruption.ts';
import { nameList, numberBetween, oneOf, shortText, wholeNumber } from '../option-parsers.ts';
import { findingLines, firstLine, nextLines } from './import-text.ts';

interface ImportFlags {
  readonly out: string;
  readonly force?: true;
  readonly name?: string;
  readonly target?: string;
  readonly task?: Task;
  readonly drop?: readonly string[];
  readonly keep?: readonly string[];
  readonly group?: string;
  readonly test: number;
  readonly seed: number;
  readonly size?: { readonly height: number; readonly width: number };
  readonly gray?: true;
  /** False with `--no-header`. */
  readonly header: boolean;
  readonly classes?: readonly string[];
  readonly json?: true;
}

export function importCommand(): Command {
  return new Command('import')
    .summary('make a dataset of your own pictures, tables or arrays')
    .description(
      'Reads a folder with a folder of pictures for each class, a CSV or TSV table, a list of ' +
        'pictures and their classes, NPY, NPZ or Parquet files, IDX files, or CIFAR’s binary ' +
        'files. Splits the examples into training and test set, prepares them, and writes them ' +
        'to a folder for --data-dir.',
    )
    .argument('<source>', 'file or folder with the data')
    .requiredOption('--out <dir>', 'folder that is made for the dataset')
    .option('--force', 'replace a dataset in that folder')
    .addOption(new Option('--name <name>', 'name of the dataset').argParser(shortText(64)))
    .option(
      '--target <column>',
      'column to be predicted (default: label, class, target, y, or last)',
    )
    .addOption(
      new Option('--task <task>', 'predict classes or a number (default: by the target)').argParser(
        oneOf(['classes', 'regression']),
      ),
    )
    .addOption(
      new Option('--drop <columns>', 'columns to leave out, separated by commas').argParser(
        nameList,
      ),
    )
    .addOption(
      new Option('--keep <columns>', 'columns to take although they seem to be useless').argParser(
        nameList,
      ),
    )
    .option('--group <column>', 'column whose equal values stay together in one set')
    .addOption(
      new Option('--test <fraction>', 'part of the examples that is for testing')
        .argParser(numberBetween(0, 1))
        .default(0.2),
    )
    .addOption(
      new Option('--seed <seed>', 'seed of the split').argParser(wholeNumber(0)).default(1),
    )
    .addOption(
      new Option('--size <height>x<width>', 'size of the images, such as 28x28').argParser(
        imageSize,
      ),
    )
    .option('--gray', 'make pictures gray')
    .option('--no-header', 'the first line of a table is a row (default: found out)')
    .addOption(
      new Option(
        '--classes <names>',
        'names of the classes in order, separated by commas',
      ).argParser(nameList),
    )
    .option('--json', 'print one line of JSON')
    .action(importData);
}

const SIDE_MAX = 1024;

function imageSize(text: string): { height: number; width: number } {
  const [, height, width] = (/^(\d+)x(\d+)$/i.exec(text) ?? []).map(Number);
  const isValid = [height, width].every((side) => side >= 1 && side <= SIDE_MAX);
  if (isValid) return { height, width };
  throw new InvalidArgumentError(`Give height and width from 1 to ${SIDE_MAX}, such as 28x28.`);
}

async function importData(source: string, flags: ImportFlags, command: Command): Promise<void> {
  const signal = interruptionSignal();
  const console = createConsole(process.stdout);
  // The command above has a flag of this name too, and gets it.
  const isJson = isJsonAsked(command.optsWithGlobals());
  const notes: string[] = [];
  const note = (line: string): void => {
    notes.push(line);
    if (!isJson) console.print(`  ${line}`);
  };
  const onProgress = (done: number, total: number): void => {
    if (!isJson) console.showLive(`  picture ${done} of ${total}`);
  };
  await assertReplaceable(flags.out, source, flags.force === true);
  if (!isJson) console.print(`Reading ${source}`);
  const options = optionsOf(flags, command.getOptionValueSource('header') === 'cli');
  const examples = await readSource(source, options, { signal, note, onProgress });
  const dataset = assembleDataset(examples, options, options.name ?? nameOf(source), note);
  signal.throwIfAborted();
  const findings = findingsOf(dataset);
  const manifest = await writeDataset(dataset, flags.out);
  if (isJson) {
    const { format, shape } = dataset;
    const facts = { event: 'imported', source, folder: flags.out, format, shape, notes };
    return createJsonPrinter(process.stdout)({ ...facts, ...findings, manifest });
  }
  console.print(`\n${firstLine(dataset, findings)}`);
  for (const line of findingLines(dataset, findings)) console.print(`  ${line}`);
  console.print(`\nWrote ${flags.out}\n\n${nextLines(dataset, shellWord(flags.out)).join('\n')}`);
}

function optionsOf(flags: ImportFlags, saysHeader: boolean): ImportOptions {
  const { drop = [], keep = [], gray, header, ...others } = flags;
  const both = drop.find((name) => keep.includes(name));
  if (both !== undefined)
    throw new LockstepError('USAGE', `--drop and --keep both name ${printable(both)}: choose one.`);
  return {
    ...others,
    drop,
    keep,
    isGray: gray === true,
    hasHeader: saysHeader ? header : undefined,
  };
}

const NAME_LENGTH_MAX = 64;

/** The name of a file without its endings, or of a folder. */
function nameOf(source: string): string {
  const name = basename(resolve(source)).replace(/(\.[a-z\d]{1,8}){1,2}$/i, '');
  return printable(name).slice(0, NAME_LENGTH_MAX) || 'data';
}
