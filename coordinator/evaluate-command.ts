import { Command } from 'commander';
import { coordinatorSources, loadDataset } from '../shared/data/load-dataset.ts';
import { formatCount, formatLoss, formatPercent } from '../shared/format.ts';
import { interruptionSignal } from '../shared/interruption.ts';
import { openEngine } from '../shared/load-engine.ts';
import { parametersSha256 } from './checkpoint.ts';
import { type Evaluation, evaluateSet } from './confusion.ts';
import { createHumanReporter, reportJson } from './reporter.ts';
import { findCheckpoint } from './run-folder.ts';

interface EvaluateOptions {
  readonly dataDir?: string;
  readonly json?: true;
}

export function evaluateCommand(): Command {
  return new Command('evaluate')
    .summary('test accuracy and confusion matrix of a checkpoint')
    .description(
      'Evaluates a checkpoint, or the newest one of a run, on the test set: accuracy and confusion matrix.',
    )
    .argument('<checkpoint>', 'checkpoint file or run folder')
    .option('--data-dir <dir>', 'folder with the dataset (default: found or fetched)')
    .option('--json', 'print the result as one line of JSON')
    .action(async (path: string, options: EvaluateOptions) => {
      const signal = interruptionSignal();
      const report = options.json ? reportJson : createHumanReporter(process.stdout);
      const { checkpoint, file, skipped } = await findCheckpoint(path);
      for (const message of skipped) report({ event: 'notice', code: 'checkpoint', message });
      const { config, step, parameters } = checkpoint;
      const sources = coordinatorSources(options.dataDir);
      const { dataset } = await loadDataset(config.dataset, sources, { signal, report });
      const evaluation = await evaluateSet(
        openEngine(config.numerics),
        config,
        parameters,
        dataset.test,
        signal,
      );
      const sha256 = parametersSha256(parameters);
      if (options.json) {
        const { loss, accuracy, confusion } = evaluation;
        const { classNames } = config.dataset;
        const result = {
          checkpoint: file,
          step,
          testLoss: loss,
          testAccuracy: accuracy,
          confusion,
          classNames,
        };
        console.log(JSON.stringify({ event: 'evaluation', ...result, parametersSha256: sha256 }));
        return;
      }
      console.log(`Checkpoint      ${file}, after step ${step}`);
      console.log(`Parameters      sha256 ${sha256}`);
      console.log(
        `Test accuracy   ${formatPercent(evaluation.accuracy)} of ${formatCount(dataset.test.count)} images`,
      );
      console.log(`Test loss       ${formatLoss(evaluation.loss)}`);
      console.log(`\n${formatConfusion(evaluation.confusion, config.dataset.classNames)}`);
    });
}

/** A table: a line a class, a column for each class that it was taken for. */
function formatConfusion(confusion: Evaluation['confusion'], classNames: readonly string[]): string {
  const width = Math.max(5, ...confusion.flat().map((count) => String(count).length + 2));
  const nameWidth = Math.max(...classNames.map((name) => name.length));
  const cells = (values: readonly (string | number)[]) =>
    values.map((value) => String(value).padStart(width)).join('');
  const lines = confusion.map((counts, label) => {
    const total = counts.reduce((sum, count) => sum + count, 0);
    const shown = counts.map((count) => (count === 0 ? '·' : count));
    return `${String(label).padStart(3)}  ${classNames[label].padEnd(nameWidth)}${cells(shown)}   ${formatPercent(counts[label] / Math.max(1, total))}`;
  });
  return [
    'Each line: the images of one class, by the class that they were taken for.',
    '',
    `     ${''.padEnd(nameWidth)}${cells(classNames.map((_, index) => index))}   right`,
    ...lines,
  ].join('\n');
}
