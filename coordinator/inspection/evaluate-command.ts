import { Command, Option } from 'commander';
import { isJsonAsked } from '../../shared/cli/console.ts';
import { formatCount, formatLoss, formatNumber, formatPercent } from '../../shared/cli/format.ts';
import { interruptionSignal } from '../../shared/cli/interruption.ts';
import { threadsOption, wholeNumber } from '../../shared/cli/option-parsers.ts';
import type { Dataset } from '../../shared/data/dataset.ts';
import { classNamesOf, isRegression } from '../../shared/data/target.ts';
import type { Numerics } from '../../shared/engine/kernels.ts';
import { LockstepError } from '../../shared/errors.ts';
import { availableNumerics, openEngineFor } from '../../shared/host/load-engine.ts';
import { defaultThreadCount } from '../../shared/threads/start-threads.ts';
import type { Report } from '../reporting/events.ts';
import { createNoticeReporter } from '../reporting/reporter.ts';
import { type Checkpoint, modelParametersOf, parametersSha256 } from '../run-folder/checkpoint.ts';
import { findModel } from '../run-folder/find-checkpoint.ts';
import { readDescription, readDone } from '../run-folder/run-description.ts';
import { baselineOf, type Quality } from '../training/quality.ts';
import { type Evaluation, evaluateSet } from './confusion.ts';
import { isOther, loadEvaluated } from './evaluated-dataset.ts';
import { errorQuantiles, scatterLines } from './scatter.ts';

interface EvaluateOptions {
  readonly checkpoint?: number;
  readonly threads?: number;
  readonly dataDir?: string;
  readonly flip?: true;
  readonly json?: true;
}

export function evaluateCommand(): Command {
  return new Command('evaluate')
    .summary('test accuracy and confusion matrix of a model')
    .description(
      'Evaluates the model of a run, or a checkpoint, on the test set. ' +
        'Prints accuracy, loss and confusion matrix.\n' +
        'The model of a run is the one that its last line named: the last one, or with early ' +
        'stopping that of the best epoch.',
    )
    .argument('<run>', 'run folder or checkpoint file')
    .addOption(
      new Option(
        '--checkpoint <step>',
        'another checkpoint of the run, by its step (default: the model of the run)',
      ).argParser(wholeNumber(0)),
    )
    .addOption(threadsOption('threads that compute (default: one per core)'))
    .option(
      '--data-dir <dir>',
      'folder with the dataset, or with another one of the same size and number of classes ' +
        '(default: where the run had it)',
    )
    .option('--flip', 'take the mean of the outputs for each image and for its mirror image')
    .option('--json', 'print the result as one line of JSON')
    .action(evaluate);
}

async function evaluate(path: string, options: EvaluateOptions): Promise<void> {
  const signal = interruptionSignal();
  const isJson = isJsonAsked(options);
  const report = createNoticeReporter(isJson);
  const { checkpoint, file, runDirectory, skipped } = await findModel(path, options.checkpoint);
  for (const message of skipped) report({ event: 'notice', code: 'checkpoint', message });
  const { config, model, step } = checkpoint;
  const parameters = modelParametersOf(checkpoint);
  const before = runDirectory === undefined ? undefined : await readDescription(runDirectory);
  const context = { signal, report };
  const dataset = await loadEvaluated(config, options.dataDir, before?.dataDir, context);
  const { name } = dataset.manifest;
  const classNames = classNamesOf(dataset.manifest);
  const { threads = defaultThreadCount() } = options;
  const numerics = usableNumerics(config.numerics, availableNumerics(), report);
  const engine = openEngineFor(numerics, threads);
  const what = [config, model, parameters, dataset.test] as const;
  const isFlipped = options.flip === true;
  if (isFlipped) assertImages(dataset);
  const evaluation = await evaluateSet(engine, ...what, signal, { threads, isFlipped });
  const sha256 = parametersSha256(parameters);
  const baseline = baselineOf(dataset);
  if (isJson) {
    const { loss, accuracy, errors, confusion } = evaluation;
    const result = {
      checkpoint: file,
      step,
      testLoss: loss,
      testAccuracy: accuracy,
      ...(errors && { testErrors: errors }),
      baseline: errors ? baseline.errors : { accuracy: baseline.accuracy },
      confusion,
      classNames: errors ? undefined : classNames,
      dataset: name,
      ...(isFlipped && { isFlipped }),
    };
    console.log(JSON.stringify({ event: 'evaluation', ...result, parametersSha256: sha256 }));
    return;
  }
  console.log(`Checkpoint      ${file}`);
  console.log(
    `Step            ${formatCount(step)}${await describeStep(checkpoint, runDirectory)}`,
  );
  console.log(`Parameters      sha256 ${sha256}`);
  if (isOther(dataset, config)) console.log(`Dataset         ${name}, not that of the run`);
  const lines = evaluation.errors
    ? describeErrors(evaluation, baseline, dataset)
    : describeClasses(evaluation, baseline, dataset, isFlipped);
  console.log(lines.join('\n'));
}

/** Accuracy and loss, and which classes are taken for which. */
function describeClasses(
  { accuracy, loss, confusion, mistakes }: Evaluation,
  baseline: Quality,
  { manifest, test, kind }: Dataset,
  isFlipped: boolean,
): string[] {
  const classNames = classNamesOf(manifest);
  const guessing = formatPercent(baseline.accuracy ?? 0);
  const examples = kind === 'images' ? 'images' : 'rows';
  return [
    `Test accuracy   ${formatPercent(accuracy ?? 0)} of ${formatCount(test.count)} ${examples}` +
      (isFlipped ? ', each with its mirror image' : '') +
      `; always the most frequent class: ${guessing}`,
    `Test loss       ${formatLoss(loss)}`,
    '',
    ...(confusion && classNames.length <= SHOWN_CLASSES_MAX
      ? [formatConfusion(confusion, classNames)]
      : [
          'The most frequent mistakes:',
          ...mistakes.map(
            ({ label, prediction, count }) =>
              `${String(count).padStart(7)}  ${classNames[label]}, taken for ` +
              classNames[prediction],
          ),
        ]),
  ];
}

/** More classes than this make a matrix that no terminal shows. */
const SHOWN_CLASSES_MAX = 40;

/** The errors beside those of a model that learned nothing, and a scatter. */
function describeErrors(
  { errors, loss, numbers }: Evaluation,
  { errors: guessing }: Quality,
  { manifest, test }: Dataset,
): string[] {
  if (!errors || !guessing || !numbers || !isRegression(manifest)) return [];
  const { targets, predictions } = numbers;
  const line = (name: string, value: string, beside: string) =>
    `${`Test ${name}`.padEnd(15)} ${value.padEnd(12)}${beside}`;
  const quantiles = errorQuantiles(targets, predictions).map(
    ({ part, error }) => `${formatPercent(part).replace('.00', '')} ≤ ${formatNumber(error)}`,
  );
  return [
    line('RMSE', formatNumber(errors.rmse), `always the mean: ${formatNumber(guessing.rmse)}`),
    line('MAE', formatNumber(errors.mae), `always the mean: ${formatNumber(guessing.mae)}`),
    line('R²', errors.r2.toFixed(4), `always the mean: ${guessing.r2.toFixed(4)}`),
    `Test loss       ${formatLoss(loss)}`,
    `Errors          ${quantiles.join(', ')} (${formatCount(test.count)} examples)`,
    '',
    ...scatterLines(targets, predictions, manifest.target.name),
  ];
}

/** Throws a `USAGE` error if the mirror image of an example would be another example. */
export function assertImages({ kind, manifest }: Pick<Dataset, 'kind' | 'manifest'>): void {
  if (kind === 'images' && !isRegression(manifest)) return;
  const fault = kind === 'images' ? 'has a number as target' : 'has no images';
  throw new LockstepError(
    'USAGE',
    `--flip is for classes of images, but ${manifest.name} ${fault}: leave it out.`,
  );
}

/** The run's numerics, or the best of this machine if it lacks them. Reports a difference. */
export function usableNumerics(
  numerics: Numerics,
  available: readonly Numerics[],
  report: Report,
): Numerics {
  if (available.includes(numerics)) return numerics;
  const [best] = available;
  const message =
    `this machine cannot compute with ${numerics} numerics, as the run did, so this uses ` +
    `${best}: the last digits of the loss may differ, and the class of an image on the border`;
  report({ event: 'notice', code: 'engine', message });
  return best;
}

/** Says which part a checkpoint plays in its run. */
async function describeStep(
  { step }: Checkpoint,
  runDirectory: string | undefined,
): Promise<string> {
  if (runDirectory === undefined) return '';
  const done = await readDone(runDirectory);
  if (!done) return ', of a run that has not ended';
  if (done.modelStep !== step) return `; the run's model is that of step ${done.modelStep}`;
  const choice = done.isStoppedEarly ? ', the best epoch of a run that stopped early' : '';
  return `, the run's model${choice}`;
}

/** A table with a row per class and a column per predicted class. */
function formatConfusion(
  confusion: readonly (readonly number[])[],
  classNames: readonly string[],
): string {
  const width = Math.max(5, ...confusion.flat().map((count) => String(count).length + 2));
  const nameWidth = Math.max(...classNames.map((name) => name.length));
  const cells = (values: readonly (string | number)[]) =>
    values.map((value) => String(value).padStart(width)).join('');
  const lines = confusion.map((counts, label) => {
    const total = counts.reduce((sum, count) => sum + count, 0);
    const shown = counts.map((count) => (count === 0 ? '·' : count));
    return (
      `${String(label).padStart(3)}  ${classNames[label].padEnd(nameWidth)}${cells(shown)}   ` +
      formatPercent(counts[label] / Math.max(1, total))
    );
  });
  return [
    'Each row counts the examples of one class by their predicted class.',
    '',
    `     ${''.padEnd(nameWidth)}${cells(classNames.map((_, index) => index))}   correct`,
    ...lines,
  ].join('\n');
}
