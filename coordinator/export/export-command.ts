import { Command, Option } from 'commander';
import { interruptionSignal } from '../../shared/cli/interruption.ts';
import { wholeNumber } from '../../shared/cli/option-parsers.ts';
import { LockstepError } from '../../shared/errors.ts';
import { shortPath } from '../../shared/host/command-line.ts';
import { printableLines } from '../../shared/printable.ts';
import type { ExportFormat } from './export-format.ts';

/** The formats by their names. Only the one that is asked for is loaded. */
const FORMATS: Readonly<Record<string, () => Promise<ExportFormat>>> = {
  csv: async () => (await import('./csv-format.ts')).csvFormat,
  onnx: async () => (await import('./onnx-format.ts')).onnxFormat,
  pytorch: async () => (await import('./pytorch-format.ts')).pytorchFormat,
  tensorboard: async () => (await import('./tensorboard-format.ts')).tensorboardFormat,
};

interface ExportOptions {
  readonly format: string;
  readonly checkpoint?: number;
  readonly out?: string;
  readonly force?: true;
  readonly json?: true;
}

export function exportCommand(): Command {
  return new Command('export')
    .summary('a run for other programs: PyTorch, ONNX, CSV, TensorBoard')
    .description(
      'Writes the model of a run, or what it has recorded, in a format of other programs. ' +
        'A run that is training can be exported too.\n' +
        'pytorch: the model as model.py and model.safetensors.\n' +
        'onnx: the model as model.onnx, which takes bytes and gives probabilities.\n' +
        'csv: tables of all steps and epochs, steps.csv and epochs.csv.\n' +
        'tensorboard: an event file with the losses, accuracies, learning rate and speed.',
    )
    .argument('<run>', 'run folder, or a checkpoint file for a model')
    .addOption(
      new Option('--format <name>', 'what to write')
        .choices(Object.keys(FORMATS))
        .makeOptionMandatory(),
    )
    .addOption(
      new Option(
        '--checkpoint <step>',
        'another checkpoint of the run, by its step (default: the model of the run)',
      ).argParser(wholeNumber(0)),
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
  const { format, checkpoint, out, force = false, json } = options;
  const signal = interruptionSignal();
  const { write, defaultOut, isModel } = await FORMATS[format]();
  if (checkpoint !== undefined && !isModel) {
    const message = `--checkpoint ${checkpoint} chooses a model, but ${format} holds none.`;
    throw new LockstepError('USAGE', `${message} Leave it out.`);
  }
  const context = { signal, replace: force, checkpoint };
  const { files, facts, summary, advice } = await write(run, out ?? defaultOut(run), context);
  if (json) return console.log(JSON.stringify({ event: 'export', format, run, files, ...facts }));
  const shown = [summary, ...files.map((file) => `  ${shortPath(file)}`)];
  if (advice !== undefined) shown.push(advice);
  console.log(printableLines(shown.join('\n')));
}
