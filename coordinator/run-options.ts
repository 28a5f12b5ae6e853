import { type Command, InvalidArgumentError, Option } from 'commander';
import type { Dataset } from '../shared/data/dataset.ts';
import { INITIALISATIONS, type Initialisation } from '../shared/engine/initialisation.ts';
import { ACTIVATIONS, type Activation, NUMERICS, type Numerics } from '../shared/engine/kernels.ts';
import { LOSSES, type Loss } from '../shared/engine/model.ts';
import { OPTIMIZERS, type OptimizerSpec } from '../shared/engine/optimizers.ts';
import { SCHEDULES, type ScheduleSpec } from '../shared/engine/schedules.ts';
import { LockstepError } from '../shared/errors.ts';
import { numberBetween, wholeNumber } from '../shared/option-parsers.ts';
import type { RunConfig } from '../shared/run-config.ts';
import type { StopRule } from './progress.ts';

/** What a user says of a run; undefined where the user says nothing. */
export interface RunOptions {
  readonly epochs?: number;
  readonly steps?: number;
  readonly globalBatch?: number;
  readonly microBatches?: number;
  readonly layers?: number[];
  readonly activation?: Activation;
  readonly init?: Initialisation;
  readonly loss?: Loss;
  readonly optimizer?: OptimizerSpec['name'];
  readonly momentum?: number;
  readonly lr?: number;
  readonly schedule?: ScheduleSpec['name'];
  readonly warmup?: number;
  readonly seed?: number;
  readonly numerics?: Numerics;
  readonly validation?: number;
  readonly earlyStopping?: number;
  readonly checkpointEvery: number;
  readonly dataDir?: string;
  readonly out?: string;
  readonly resume?: string;
}

const DEFAULTS = {
  epochs: 10,
  globalBatch: 128,
  microBatches: 16,
  layers: [256, 128],
  activation: 'relu',
  loss: 'cross-entropy',
  optimizer: 'momentum',
  momentum: 0.9,
  schedule: 'cosine',
  warmup: 0,
  seed: 1,
  validation: 5000,
} as const;

const DEFAULT_RATES: Record<OptimizerSpec['name'], number> = {
  sgd: 0.1,
  momentum: 0.05,
  nesterov: 0.05,
  adam: 0.001,
};

const ADAM = { beta1: 0.9, beta2: 0.999, epsilon: 1e-8 } as const;
const STEP_DECAY = { decay: 0.1, everyEpochs: 5 } as const;

const LAYER_COUNT_MAX = 32;
const LAYER_WIDTH_MAX = 16_384;

/** Adds the flags that `train` and `coordinator` share. */
export function addRunOptions(command: Command): Command {
  const epochs = wholeNumber(1, 1_000_000);
  const add = (flags: string, description: string, parser?: (text: string) => unknown) =>
    command.addOption(
      parser ? new Option(flags, description).argParser(parser) : new Option(flags, description),
    );
  const choose = (flags: string, description: string, choices: readonly string[]) =>
    command.addOption(new Option(flags, description).choices(choices));
  const heading = (text: string) => command.optionsGroup(text);

  heading('What is trained:');
  add(
    '--layers <widths>',
    `widths of the hidden layers, "none" for none (default: ${DEFAULTS.layers})`,
    layerWidths,
  );
  choose('--activation <name>', `of the hidden layers (default: ${DEFAULTS.activation})`, ACTIVATIONS);
  choose(
    '--init <name>',
    'initial weights (default: he for relu and leaky-relu, else glorot)',
    INITIALISATIONS,
  );
  choose('--loss <name>', `what is minimised (default: ${DEFAULTS.loss})`, LOSSES);

  heading('How it is trained:');
  add('--epochs <count>', `passes over the training set (default: ${DEFAULTS.epochs})`, epochs);
  add('--steps <count>', 'stop after so many steps in all, to be resumed later', wholeNumber(1));
  add(
    '--global-batch <count>',
    `examples a step (default: ${DEFAULTS.globalBatch})`,
    wholeNumber(1, 1_000_000),
  );
  add(
    '--micro-batches <count>',
    `parts of a global batch (default: ${DEFAULTS.microBatches})`,
    wholeNumber(1, 4096),
  );
  choose('--optimizer <name>', `update rule (default: ${DEFAULTS.optimizer})`, OPTIMIZERS);
  add(
    '--lr <rate>',
    `learning rate (default: ${describeRates()})`,
    numberBetween(0, Number.POSITIVE_INFINITY),
  );
  add('--momentum <factor>', `of momentum and nesterov (default: ${DEFAULTS.momentum})`, numberBetween(0, 1));
  choose('--schedule <name>', `how the learning rate goes (default: ${DEFAULTS.schedule})`, SCHEDULES);
  add('--warmup <steps>', `over which the rate rises at first (default: ${DEFAULTS.warmup})`, wholeNumber(0));
  add('--seed <number>', `of everything random (default: ${DEFAULTS.seed})`, wholeNumber(0));
  choose(
    '--numerics <profile>',
    'how products are added up: fused rounds once, strict twice (default: fused if this machine can)',
    NUMERICS,
  );
  add(
    '--validation <count>',
    `examples of the training set to hold out, to see overfitting (default: ${DEFAULTS.validation})`,
    wholeNumber(0),
  );
  add(
    '--early-stopping <epochs>',
    'stop after so many epochs without a better validation loss; keep the best',
    epochs,
  );

  return addFileOptions(command);
}

function addFileOptions(command: Command): Command {
  return command
    .optionsGroup('Files:')
    .option('--data-dir <dir>', 'folder with the four IDX files, packed or not (default: found or fetched)')
    .option('--out <dir>', 'folder for config, metrics and checkpoints (default: a new one in runs/)')
    .option('--resume <path>', 'go on from a run folder or a checkpoint file, to the same bits')
    .addOption(
      new Option('--checkpoint-every <steps>', 'save so often, beside every epoch')
        .default(500)
        .argParser(wholeNumber(1)),
    );
}

function describeRates(): string {
  return Object.entries(DEFAULT_RATES)
    .map(([name, rate]) => `${rate} for ${name}`)
    .join(', ');
}

function layerWidths(text: string): number[] {
  if (text === 'none') return [];
  const widths = text.split(',').map(Number);
  const isRight = widths.every((width) => Number.isInteger(width) && width >= 1 && width <= LAYER_WIDTH_MAX);
  if (isRight && widths.length <= LAYER_COUNT_MAX) return widths;
  throw new InvalidArgumentError(
    `Give up to ${LAYER_COUNT_MAX} widths from 1 to ${LAYER_WIDTH_MAX}, such as 256,128, or "none".`,
  );
}

/**
 * The configuration of a new run; `numerics` are the profiles that this machine can keep, best first. Throws a `USAGE`
 * error if flags do not fit each other or the dataset.
 */
export function newRunConfig(
  options: RunOptions,
  dataset: Dataset,
  [bestNumerics]: readonly Numerics[],
): RunConfig {
  const { globalBatch, microBatches, layers, activation, loss, seed, validation } = {
    ...DEFAULTS,
    ...options,
  };
  const trainingCount = dataset.train.count - validation;
  if (trainingCount < 1) {
    throw usage(
      `--validation ${validation} leaves none of the ${dataset.train.count} training examples: lower it.`,
    );
  }
  const batch = Math.min(globalBatch, trainingCount);
  if (microBatches > batch) {
    throw usage(
      `--micro-batches ${microBatches} are more than the ${batch} examples of a global batch: ` +
        'give fewer, or a larger --global-batch.',
    );
  }
  return {
    dataset: dataset.manifest,
    validationCount: validation,
    model: {
      inputs: dataset.inputs,
      hidden: [...layers],
      outputs: dataset.manifest.classNames.length,
      activation,
    },
    initialisation: options.init ?? (activation === 'relu' || activation === 'leaky-relu' ? 'he' : 'glorot'),
    loss,
    optimizer: optimizerSpec(options),
    learningRate: scheduleSpec(options),
    numerics: options.numerics ?? bestNumerics,
    globalBatch,
    microBatchCount: microBatches,
    seed,
  };
}

function optimizerSpec(options: RunOptions): OptimizerSpec {
  const { optimizer: name, momentum } = { ...DEFAULTS, ...options };
  if (name === 'momentum' || name === 'nesterov') return { name, momentum };
  if (options.momentum !== undefined) {
    throw usage(`--momentum ${momentum} has no meaning for --optimizer ${name}: leave one of them out.`);
  }
  return name === 'adam' ? { name, ...ADAM } : { name };
}

function scheduleSpec(options: RunOptions): ScheduleSpec {
  const { optimizer, schedule: name, warmup: warmupSteps, epochs } = { ...DEFAULTS, ...options };
  const common = { peak: options.lr ?? DEFAULT_RATES[optimizer], warmupSteps };
  switch (name) {
    case 'constant':
      return { name, ...common };
    case 'step':
      return { name, ...common, ...STEP_DECAY };
    case 'cosine':
      return { name, ...common, epochs };
  }
}

/** When a new run ends, or a resumed one whose user may have changed it. Throws a `USAGE` error. */
export function stopRuleOf(options: RunOptions, config: RunConfig, before?: StopRule): StopRule {
  const earlyStopping = options.earlyStopping ?? before?.earlyStopping;
  if (earlyStopping !== undefined && config.validationCount === 0) {
    throw usage(
      `--early-stopping ${earlyStopping} needs held-out examples: give --validation a count above 0.`,
    );
  }
  return {
    epochs: options.epochs ?? before?.epochs ?? DEFAULTS.epochs,
    ...(earlyStopping !== undefined && { earlyStopping }),
  };
}

/** What a flag would have to say to mean what a configuration holds, for those that a resumed run cannot change. */
const FIXED_OPTIONS = {
  layers: ({ model }) => model.hidden.join() || 'none',
  activation: ({ model }) => model.activation,
  init: ({ initialisation }) => initialisation,
  loss: ({ loss }) => loss,
  globalBatch: ({ globalBatch }) => globalBatch,
  microBatches: ({ microBatchCount }) => microBatchCount,
  optimizer: ({ optimizer }) => optimizer.name,
  momentum: ({ optimizer }) => ('momentum' in optimizer ? optimizer.momentum : 'none'),
  lr: ({ learningRate }) => learningRate.peak,
  schedule: ({ learningRate }) => learningRate.name,
  warmup: ({ learningRate }) => learningRate.warmupSteps,
  seed: ({ seed }) => seed,
  numerics: ({ numerics }) => numerics,
  validation: ({ validationCount }) => validationCount,
} satisfies Partial<Record<keyof RunOptions, (config: RunConfig) => string | number>>;

/** Throws a `USAGE` error if a flag asks for another run than the one that is resumed. */
export function assertResumable(options: RunOptions, config: RunConfig): void {
  for (const [name, valueIn] of Object.entries(FIXED_OPTIONS)) {
    const given = options[name as keyof typeof FIXED_OPTIONS];
    const fixed = String(valueIn(config));
    if (given === undefined || (String(given) || 'none') === fixed) continue;
    const flag = `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
    throw usage(
      `${flag} ${String(given) || 'none'} differs from the checkpoint's ${fixed}: leave it out, or start a new run.`,
    );
  }
  const { learningRate } = config;
  if (learningRate.name === 'cosine' && (options.epochs ?? 0) > learningRate.epochs) {
    throw usage(
      `--epochs ${options.epochs}: the learning rate of this run falls to 0 in epoch ${learningRate.epochs}, ` +
        'after which nothing is learnt: start a new run.',
    );
  }
}

const usage = (message: string): LockstepError => new LockstepError('USAGE', message);
