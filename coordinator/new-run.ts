import { isDeepStrictEqual } from 'node:util';
import type { Dataset } from '../shared/data/dataset.ts';
import { describeModel } from '../shared/engine/describe-model.ts';
import type { Numerics } from '../shared/engine/kernels.ts';
import type { ModelSpec } from '../shared/engine/model-spec.ts';
import type { OptimizerSpec } from '../shared/engine/optimizers.ts';
import type { ScheduleSpec } from '../shared/engine/schedules.ts';
import { LockstepError } from '../shared/errors.ts';
import type { RunConfig } from '../shared/run-config.ts';
import { modelFor, presetOf } from './model-source.ts';
import type { StopRule } from './progress.ts';
import { DEFAULT_RATES, DEFAULTS, RECIPES } from './recipes.ts';
import type { RunOptions } from './run-options.ts';

const ADAM = { beta1: 0.9, beta2: 0.999, epsilon: 1e-8 } as const;
const RMSPROP = { beta: 0.99, epsilon: 1e-8 } as const;
const ADAGRAD = { epsilon: 1e-10 } as const;
const STEP_DECAY = { decay: 0.1, everyEpochs: 5 } as const;

/** The user's options, then what the model is trained well with, then the defaults. */
function completed(options: RunOptions) {
  const preset = presetOf(options);
  return { ...DEFAULTS, ...(preset && RECIPES[preset]), ...options };
}

/**
 * The configuration of a new run; `numerics` are the profiles that this machine can keep, best first. Throws a `USAGE`
 * error if flags do not fit each other or the dataset.
 */
export function newRunConfig(
  options: RunOptions,
  dataset: Dataset,
  model: ModelSpec,
  [bestNumerics]: readonly Numerics[],
): RunConfig {
  const complete = completed(options);
  const { globalBatch, microBatches, validation } = complete;
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
    model,
    initialisation: options.init ?? fittingInitialisation(model),
    loss: complete.loss,
    labelSmoothing: complete.labelSmoothing,
    optimizer: optimizerSpec(options),
    learningRate: scheduleSpec(options),
    weightDecay: complete.weightDecay,
    ...(options.clipNorm !== undefined && { clipNorm: options.clipNorm }),
    augmentation: complete.augment,
    numerics: options.numerics ?? bestNumerics,
    wire: options.wire ?? 'f32',
    globalBatch,
    microBatchCount: microBatches,
    seed: complete.seed,
  };
}

function fittingInitialisation({ layers }: ModelSpec): RunConfig['initialisation'] {
  const isSaturating = layers.some(
    (layer) =>
      layer.type === 'activation' && (['identity', 'sigmoid', 'tanh'] as string[]).includes(layer.function),
  );
  return isSaturating ? 'glorot' : 'he';
}

function optimizerSpec(options: RunOptions): OptimizerSpec {
  const { optimizer: name, momentum } = completed(options);
  if (name === 'momentum' || name === 'nesterov') return { name, momentum };
  if (options.momentum !== undefined) {
    throw usage(`--momentum ${momentum} has no meaning for --optimizer ${name}: leave one of them out.`);
  }
  switch (name) {
    case 'sgd':
      return { name };
    case 'adam':
    case 'adamw':
      return { name, ...ADAM };
    case 'rmsprop':
      return { name, ...RMSPROP };
    case 'adagrad':
      return { name, ...ADAGRAD };
  }
}

function scheduleSpec(options: RunOptions): ScheduleSpec {
  const {
    optimizer,
    schedule: name,
    warmup: warmupSteps,
    epochs,
    lr,
  } = { lr: undefined, ...completed(options) };
  // A recipe's rate is for its optimizer.
  const recipeRate = options.optimizer === undefined ? lr : undefined;
  const common = { peak: options.lr ?? recipeRate ?? DEFAULT_RATES[optimizer], warmupSteps };
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
    epochs: options.epochs ?? before?.epochs ?? completed(options).epochs,
    ...(earlyStopping !== undefined && { earlyStopping }),
  };
}

/** What a flag would have to say to mean what a configuration holds, for those that a resumed run cannot change. */
const FIXED_OPTIONS = {
  init: ({ initialisation }) => initialisation,
  loss: ({ loss }) => loss,
  labelSmoothing: ({ labelSmoothing }) => labelSmoothing,
  globalBatch: ({ globalBatch }) => globalBatch,
  microBatches: ({ microBatchCount }) => microBatchCount,
  optimizer: ({ optimizer }) => optimizer.name,
  momentum: ({ optimizer }) => ('momentum' in optimizer ? optimizer.momentum : 'none'),
  lr: ({ learningRate }) => learningRate.peak,
  weightDecay: ({ weightDecay }) => weightDecay,
  clipNorm: ({ clipNorm }) => clipNorm ?? 'none',
  schedule: ({ learningRate }) => learningRate.name,
  warmup: ({ learningRate }) => learningRate.warmupSteps,
  seed: ({ seed }) => seed,
  numerics: ({ numerics }) => numerics,
  wire: ({ wire }) => wire,
  validation: ({ validationCount }) => validationCount,
} satisfies Partial<Record<keyof RunOptions, (config: RunConfig) => string | number>>;

/** What these decide together lies in the checkpoint, layer by layer. */
const MODEL_OPTIONS = ['model', 'layers', 'activation'] as const;

/** Throws a `USAGE` error if flags ask for another run than the one that is resumed. */
export async function assertResumable(options: RunOptions, config: RunConfig): Promise<void> {
  await assertSameModel(options, config);
  if (options.augment && !isDeepStrictEqual(options.augment, config.augmentation)) {
    throw usage("--augment differs from the checkpoint's: leave it out, or start a new run.");
  }
  for (const [name, valueIn] of Object.entries(FIXED_OPTIONS)) {
    const given = options[name as keyof typeof FIXED_OPTIONS];
    const fixed = String(valueIn(config));
    if (given === undefined || String(given) === fixed) continue;
    const flag = `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
    throw usage(`${flag} ${given} differs from the checkpoint's ${fixed}: leave it out, or start a new run.`);
  }
  const { learningRate } = config;
  if (learningRate.name === 'cosine' && (options.epochs ?? 0) > learningRate.epochs) {
    throw usage(
      `--epochs ${options.epochs}: the learning rate of this run falls to 0 in epoch ${learningRate.epochs}, ` +
        'after which nothing is learnt: start a new run.',
    );
  }
}

async function assertSameModel(options: RunOptions, { model, dataset }: RunConfig): Promise<void> {
  const given = MODEL_OPTIONS.filter((name) => options[name] !== undefined);
  if (given.length === 0) return;
  const { height, width } = model.input;
  const asked = await modelFor(options, { imageShape: [height, width], manifest: dataset });
  if (isDeepStrictEqual(asked, model)) return;
  const flags = given.map((name) => `--${name} ${String(options[name]) || 'none'}`).join(' ');
  throw usage(
    `${flags} cannot change a run that is resumed, whose model is ${describeModel(model)}: ` +
      'leave it out, or start a new run.',
  );
}

const usage = (message: string): LockstepError => new LockstepError('USAGE', message);
