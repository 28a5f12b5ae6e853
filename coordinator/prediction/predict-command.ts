import { Command, Option } from 'commander';
import { createJsonPrinter, isJsonAsked } from '../../shared/cli/console.ts';
import { formatCount, formatQuantity } from '../../shared/cli/format.ts';
import { interruptionSignal } from '../../shared/cli/interruption.ts';
import { wholeNumber } from '../../shared/cli/option-parsers.ts';
import { coordinatorSources, loadDataset } from '../../shared/data/loading/load-dataset.ts';
import { LockstepError } from '../../shared/errors.ts';
import { availableNumerics, openEngine } from '../../shared/host/load-engine.ts';
import { printable } from '../../shared/printable.ts';
import type { RunConfig } from '../../shared/round/run-config.ts';
import { usableNumerics } from '../inspection/evaluate-command.ts';
import type { Report } from '../reporting/events.ts';
import { createNoticeReporter } from '../reporting/reporter.ts';
import { modelParametersOf, parametersSha256 } from '../run-folder/checkpoint.ts';
import { type FoundCheckpoint, findModel } from '../run-folder/find-checkpoint.ts';
import { readDescription } from '../run-folder/run-description.ts';
import { type Classifier, classifyFile, type FilePrediction, takesRows } from './classify-file.ts';
import { predictionLines } from './prediction-text.ts';
import { createPredictor } from './predictor.ts';
import { backgroundOf } from './prepare.ts';

interface PredictOptions {
  readonly checkpoint?: number;
  readonly invert?: true;
  readonly top: number;
  readonly json?: true;
}

export function predictCommand(): Command {
  return new Command('predict')
    .summary('what the model of a run says about pictures or rows')
    .description(
      'Predicts from pictures: PNG files, and arrays of images in IDX, NPY and NPZ files. ' +
        'JPEG and others need the package sharp. Or from rows of a table in CSV, TSV, NPY and ' +
        'NPZ files.\n' +
        'All is prepared as in training. What was done is shown.',
    )
    .argument('<run>', 'run folder or checkpoint file')
    .argument('<files...>', 'pictures or tables')
    .addOption(
      new Option(
        '--checkpoint <step>',
        'another checkpoint of the run, by its step (default: the model of the run)',
      ).argParser(wholeNumber(0)),
    )
    .option('--invert', 'swap light and dark, for pictures whose background is not the dataset’s')
    .addOption(
      new Option('--top <count>', 'how many classes to show for each picture')
        .argParser(wholeNumber(1))
        .default(3),
    )
    .option('--json', 'print each prediction as one line of JSON')
    .action(predict);
}

async function predict(run: string, files: readonly string[], options: PredictOptions) {
  const signal = interruptionSignal();
  const { top } = options;
  const isJson = isJsonAsked(options);
  const printJson = createJsonPrinter(process.stdout);
  const report = createNoticeReporter(isJson);
  const found = await findModel(run, options.checkpoint);
  for (const message of found.skipped) report({ event: 'notice', code: 'checkpoint', message });
  const classifier = await createClassifier(found, options, report, signal);
  const { stdout } = process;
  const isDrawn = stdout.isTTY === true && !process.env.NO_COLOR;
  const style = { top, columns: isDrawn ? stdout.columns || 80 : undefined };
  if (!isJson) stdout.write(`${describeModel(found)}\n`);
  let previous: FilePrediction | undefined;
  for (const file of files) {
    for await (const prediction of classifyFile(file, classifier)) {
      if (isJson) printJson({ event: 'prediction', ...factsOf(prediction, found, top) });
      else {
        const lines = predictionLines(prediction, style, previous);
        stdout.write(`${lines.length > 1 ? '\n' : ''}${lines.join('\n')}\n`);
        previous = prediction;
      }
      signal.throwIfAborted();
    }
  }
}

async function createClassifier(
  found: FoundCheckpoint,
  { invert }: PredictOptions,
  report: Report,
  signal: AbortSignal,
): Promise<Classifier> {
  const { config, model } = found.checkpoint;
  const engine = openEngine(usableNumerics(config.numerics, availableNumerics(), report));
  const predictor = createPredictor(engine, config, model, 1);
  predictor.setParameters(modelParametersOf(found.checkpoint));
  const background = await findBackground(found, signal);
  return { config, predictor, isInverted: invert === true, background };
}

/** Undefined if the dataset is not on this machine. Nothing is fetched for it. */
async function findBackground(
  { checkpoint: { config }, runDirectory }: FoundCheckpoint,
  signal: AbortSignal,
): Promise<number | undefined> {
  const description = runDirectory === undefined ? undefined : await readDescription(runDirectory);
  if (takesRows(config)) return undefined;
  const sources = coordinatorSources(undefined, config.dataset, description?.dataDir);
  const local = sources.filter(({ isRemote }) => !isRemote);
  try {
    const { dataset } = await loadDataset(config.dataset, local, { signal, report() {} });
    return backgroundOf(dataset.test, dataset.shape);
  } catch (error) {
    if (error instanceof LockstepError) return undefined;
    throw error;
  }
}

function describeModel({ checkpoint: { config, step }, file }: FoundCheckpoint): string {
  return `Model  step ${formatCount(step)}, ${file}\nInput  ${describeInput(config)}`;
}

const COLUMNS_SHOWN = 6;

function describeInput(config: RunConfig): string {
  const { height, width, channels } = config.model.input;
  const { columns } = config.dataset;
  if (columns) {
    const names = columns.slice(0, COLUMNS_SHOWN).map(({ name }) => printable(name));
    const rest = columns.length - names.length;
    return (
      `rows of ${formatQuantity(columns.length, 'column')}: ` +
      `${names.join(', ')}${rest > 0 ? ` and ${rest} more` : ''}`
    );
  }
  if (takesRows(config)) return `rows of ${formatQuantity(channels, 'number')}`;
  const kind = channels === 1 ? 'gray' : 'color';
  return `${width} × ${height} pixels, ${kind}, each byte / 255, as in training`;
}

function factsOf(
  { file, index, prepared, looksInverted, ranking, number }: FilePrediction,
  found: FoundCheckpoint,
  top: number,
) {
  return {
    file,
    index: index ?? null,
    ...(number ? { target: number.name, value: number.value } : ranking[0]),
    ...(!number && { top: ranking.slice(0, top) }),
    preprocessing: prepared.steps,
    looksInverted,
    checkpoint: found.file,
    step: found.checkpoint.step,
    parametersSha256: parametersSha256(modelParametersOf(found.checkpoint)),
  };
}
