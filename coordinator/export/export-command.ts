import { Command, Option } from 'commander';
import { interruptionSignal } from '../../shared/cli/interruption.ts';
import { shortPath } from '../../shared/host/command-line.ts';
import { printableLines } from '../../shared/printable.ts';
import type { ExportFormat } from './export-format.ts';

/** The formats by their names. Only the one that is asked for is loaded. */
const FORMATS: Readonly<Record<string, () => Promise<ExportFormat>>> = {
  csv: async () => (await import('./csv-format.ts')).csvFormat,
  tensorboard: async () => (await import('./tensorboard-format.ts')).tensorboardFormat,
};

interface ExportOptions {
  readonly format: string;
  readonly out?: string;
  readonly force?: true;
  readonly json?: true;
}

export function exportCommand(): Command {
  return new Command('export')
    .summary('a run for other programs: CSV, TensorBoard')
    .description(
      'Writes what a run has recorded in a format of other programs. ' +
        'A run that is training can be exported too.\n' +
        'csv: tables of all steps and epochs, steps.csv and epochs.csv.\n' +
        'tensorboard: an event file with the losses, accuracies, learning rate and speed.',
    )
    .argument('<run>', 'run folder')
    .addOption(
      new Option('--format <name>', 'what to write')
        .choices(Object.keys(FORMATS))
        .makeOptionMandatory(),
    )
    .option(
      '--out <path>',
      'where to write (default: a folder in the run’s, named after the format)',
    )
    .option('--force', 'replace the files of an earlier export')
    .option('--json', 'print the result as one line of JSON')
    .action(exportRun);
}

async function exportRun(run: string, options: ExportOptions): Promise<void> {
  const { format, out, force = false, json } = options;
  const signal = interruptionSignal();
  const { write, defaultOut } = await FORMATS[format]();
  const context = { signal, replace: force };
  const { files, facts, summary, advice } = await write(run, out ?? defaultOut(run), context);
  if (json) return console.log(JSON.stringify({ event: 'export', format, run, files, ...facts }));
  const shown = [summary, ...files.map((file) => `  ${shortPath(file)}`)];
  if (advice !== undefined) shown.push(advice);
  console.log(printableLines(shown.join('\n')));
}
