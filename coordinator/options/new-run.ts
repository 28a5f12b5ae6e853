import { isDeepStrictEqual } from 'node:util';
import { type Augmentation, NO_AUGMENTATION } from '../../shared/data/augmentation-spec.ts';
import type { Dataset } from '../../shared/data/dataset.ts';
import { describeShape, type ExampleShape } from '../../shared/data/shape.ts';
import { describeTarget, isRegression } from '../../shared/data/target.ts';
import type { Numerics } from '../../shared/engine/kernels.ts';
import { describeModel } from '../../shared/engine/model/describe-model.ts';
import { type ModelPlan, planModel } from '../../shared/engine/model/model-plan.ts';
import type { ModelSpec } from '../../shared/engine/model/model-spec.ts';
import type { OptimizerSpec } from '../../shared/engine/optimizer-spec.ts';
import type { ScheduleSpec } from '../../shared/engine/schedule-spec.ts';
import { LockstepError } from '../../shared/errors.ts';
import { CONFIG_BYTES_MAX, RunConfig } from '../../shared/round/run-config.ts';
import { describeIssue } from '../../shared/validation.ts';
import type { StopRule } from '../training/progress.ts';
import { classWeightsFor } from './class-weights.ts';
import { MODEL_OPTIONS, modelFor, presetOf } from './model-source.ts';
import { DEFAULT_RATES, DEFAULTS, RECIPES, TABLE_RECIPE } from './recipes.ts';
import type { RunOptions } from './run-options.ts';

const ADAM = { beta1: 0.9, beta2: 0.999, epsilon: 1e-8 } as const;
const RMSPROP = { beta: 0.99, epsilon: 1e-8 } as const;
const ADAGRAD = { epsilon: 1e-10 } as const;
const STEP_DECAY = { decay: 0.1, everyEpochs: 5 } as const;

/**
 * The user's options, completed by the recipe of the model's preset, by that of tables, and by the
 * defaults.
 */
function withDefaults(options: RunOptions, input: ExampleShape) {
  const preset = presetOf(options);
  const { recipe = 'quick' } = options;
  const isTable = input.height * input.width === 1;
  const own = preset && RECIPES[preset][recipe];
  // A recipe may alter images, but no features.
  const forTables = isTable && { ...TABLE_RECIPE, augment: NO_AUGMENTATION };
  return { ...DEFAULTS, ...own, ...forTables, ...options };
}

/**
 * The configuration of a new run. `numerics` lists those that this machine supports, best first.
 * `initialSha256` is the digest of the parameters that the run begins with, if they are another
 * run's. Throws a `USAGE` error if flags do not fit each other or the dataset, and a `MODEL` error
 * if a checkpoint with this configuration could not be read again.
 */
export function newRunConfig(
  options: RunOptions,
  dataset: Dataset,
  model: ModelPlan,
  [bestNumerics]: readonly Numerics[],
  initialSha256?: string,
): RunConfig {
  const complete = withDefaults(options, dataset.shape);
  if (options.recipe !== undefined && presetOf(options) === undefined) {
    throw usage(
      `--recipe ${options.recipe} is for presets, but --model ${options.model} is a file: ` +
        'leave one of them out.',
    );
  }
  const { globalBatch, microBatches } = complete;
  const tenth = Math.floor(dataset.train.count / 10);
  const validation = options.validation ?? Math.min(complete.validation, tenth);
  const trainingCount = dataset.train.count - validation;
  if (trainingCount < 1) {
    throw usage(
      `--validation ${validation} leaves none of the ${dataset.train.count} training examples: ` +
        'lower it.',
    );
  }
  const batch = Math.min(globalBatch, trainingCount);
  if (microBatches > batch) {
    throw usage(
      `--micro-batches ${microBatches} is more than the ${batch} examples of a global batch: ` +
        'give fewer, or a larger --global-batch.',
    );
  }
  assertNormalizable(model, batch, microBatches);
  assertAltersImages(complete.augment, dataset);
  return readable({
    dataset: dataset.manifest,
    validationCount: validation,
    model: model.spec,
    initialisation: options.init ?? fittingInitialization(model.spec),
    ...lossFor(options, dataset),
    ...(options.classWeights && {
      classWeights: classWeightsFor(options.classWeights, dataset, {
        validationCount: validation,
        seed: complete.seed,
      }),
    }),
    optimizer: optimizerSpec(options, dataset.shape),
    learningRate: scheduleSpec(options, dataset.shape, Math.ceil(trainingCount / batch)),
    weightDecay: complete.weightDecay,
    ...(options.clipNorm !== undefined && { clipNorm: options.clipNorm }),
    ...(complete.average !== undefined && { averageDecay: complete.average }),
    augmentation: complete.augment,
    numerics: options.numerics ?? bestNumerics,
    wire: options.wire ?? 'f32',
    globalBatch,
    microBatchCount: microBatches,
    seed: complete.seed,
    ...(initialSha256 !== undefined && { initialParametersSha256: initialSha256 }),
  });
}

/** The loss that suits the target. Throws if the flags ask for one that does not. */
function lossFor(
  options: RunOptions,
  { manifest, shape }: Dataset,
): Pick<RunConfig, 'loss' | 'labelSmoothing'> {
  const { labelSmoothing, loss } = withDefaults(options, shape);
  if (!isRegression(manifest)) {
    if (options.loss !== 'huber') return { loss, labelSmoothing };
    throw usage(
      `--loss huber is for numbers, but ${manifest.name} has ${describeTarget(manifest)}: ` +
        'use cross-entropy or squared-error.',
    );
  }
  const target = JSON.stringify(manifest.target.name);
  const what = `the target of ${manifest.name}, ${target}, is a number`;
  if (options.loss === 'cross-entropy')
    throw usage(`--loss cross-entropy is for classes, but ${what}: use squared-error or huber.`);
  if (options.labelSmoothing)
    throw usage(`--label-smoothing ${labelSmoothing} is for classes, but ${what}: leave it out.`);
  return { loss: options.loss ?? 'squared-error', labelSmoothing: 0 };
}

/** Throws if features would be mirrored or shifted like images. */
function assertAltersImages({ flip, shift, erase }: Augmentation, dataset: Dataset): void {
  if (dataset.kind === 'images' || (flip === 0 && shift === 0 && erase === 0)) return;
  throw usage(
    `--augment alters images, but ${dataset.manifest.name} has ` +
      `${describeShape(dataset.kind, dataset.shape)}: leave it out.`,
  );
}

/** The configuration as a checkpoint gives it back. Whatever cannot be resumed is not begun. */
function readable(config: RunConfig): RunConfig {
  const text = JSON.stringify(config);
  if (text.length > CONFIG_BYTES_MAX)
    throw new LockstepError(
      'DATA',
      `the names in ${config.dataset.name} make a configuration of ${text.length} bytes, but ` +
        `each worker gets it whole, and it may have ${CONFIG_BYTES_MAX}: use shorter names of ` +
        'classes and columns, or fewer.',
    );
  const written: unknown = JSON.parse(text);
  const result = RunConfig.safeParse(written);
  if (result.success) return result.data;
  const issue = describeIssue(result.error, written);
  throw new LockstepError('MODEL', `a run with this configuration cannot be saved: ${issue}.`);
}

/** Throws if a layer would normalize single values: it would give the same for any input. */
function assertNormalizable(model: ModelPlan, batch: number, microBatches: number): void {
  const examples = Math.floor(batch / microBatches);
  const norm = model.layers.find(
    ({ spec, output }) => spec.type === 'batch-norm' && examples * output.height * output.width < 2,
  );
  if (!norm) return;
  throw usage(
    `--micro-batches ${microBatches} puts 1 of ${batch} examples into a micro-batch, but ` +
      `${norm.name} (batch-norm) needs at least 2 there to learn anything: ` +
      `give at most ${Math.floor(batch / 2)}, or a larger --global-batch.`,
  );
}

/** A line for people if the model normalizes each image by itself, which rarely serves it. */
export function normalizationNotice(config: RunConfig): string | undefined {
  const { model, globalBatch, microBatchCount } = config;
  const isNormalized = model.layers.some(({ type }) => type === 'batch-norm');
  if (!isNormalized || globalBatch >= 2 * microBatchCount) return undefined;
  return (
    'a micro-batch has 1 example, so batch-norm normalizes each image by itself in training, but ' +
    'by averages over all images in evaluation: give fewer --micro-batches for a better accuracy'
  );
}

function fittingInitialization({ layers }: ModelSpec): RunConfig['initialisation'] {
  const isSaturating = layers.some(
    (layer) =>
      layer.type === 'activation' &&
      (['identity', 'sigmoid', 'tanh'] as string[]).includes(layer.function),
  );
  return isSaturating ? 'glorot' : 'he';
}

function optimizerSpec(options: RunOptions, input: ExampleShape): OptimizerSpec {
  const { optimizer: name, momentum } = withDefaults(options, input);
  if (name === 'momentum' || name === 'nesterov') return { name, momentum };
  if (options.momentum !== undefined) {
    throw usage(
      `--momentum ${momentum} does not apply to --optimizer ${name}: leave one of them out.`,
    );
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

/** The warm-up of a recipe is at most one such part of a run, whatever its data and epochs. */
const PARTS_OF_RUN = 5;

function scheduleSpec(
  options: RunOptions,
  input: ExampleShape,
  stepsPerEpoch: number,
): ScheduleSpec {
  const complete = { lr: undefined, ...withDefaults(options, input) };
  const { optimizer, schedule: name, epochs, lr } = complete;
  const most = Math.floor((epochs * stepsPerEpoch) / PARTS_OF_RUN);
  const warmupSteps = options.warmup ?? Math.min(complete.warmup, most);
  // The learning rate of a recipe suits only the optimizer of that recipe.
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

/**
 * The rule that ends a run. For a resumed run, `before` is its rule so far, and the user's options
 * override it. Throws a `USAGE` error if early stopping has no held-out examples.
 */
export function stopRuleOf(options: RunOptions, config: RunConfig, before?: StopRule): StopRule {
  const earlyStopping = options.earlyStopping ?? before?.earlyStopping;
  if (earlyStopping !== undefined && config.validationCount === 0) {
    throw usage(
      `--early-stopping ${earlyStopping} needs held-out examples: ` +
        'give --validation a count above 0.',
    );
  }
  return {
    epochs: options.epochs ?? before?.epochs ?? withDefaults(options, config.model.input).epochs,
    ...(earlyStopping !== undefined && { earlyStopping }),
  };
}

/**
 * The flags that a resumed run cannot change. Each function reads the value of the flag from a
 * configuration.
 */
const FIXED_OPTIONS = {
  init: ({ initialisation }) => initialisation,
  loss: ({ loss }) => loss,
  labelSmoothing: ({ labelSmoothing }) => labelSmoothing,
  // The weights that "balanced" stands for were computed when the run began.
  classWeights: ({ classWeights }) => String(classWeights ?? 'none'),
  globalBatch: ({ globalBatch }) => globalBatch,
  microBatches: ({ microBatchCount }) => microBatchCount,
  optimizer: ({ optimizer }) => optimizer.name,
  momentum: ({ optimizer }) => ('momentum' in optimizer ? optimizer.momentum : 'none'),
  lr: ({ learningRate }) => learningRate.peak,
  weightDecay: ({ weightDecay }) => weightDecay,
  clipNorm: ({ clipNorm }) => clipNorm ?? 'none',
  average: ({ averageDecay }) => averageDecay ?? 'none',
  schedule: ({ learningRate }) => learningRate.name,
  warmup: ({ learningRate }) => learningRate.warmupSteps,
  seed: ({ seed }) => seed,
  numerics: ({ numerics }) => numerics,
  wire: ({ wire }) => wire,
  validation: ({ validationCount }) => validationCount,
} satisfies Partial<Record<keyof RunOptions, (config: RunConfig) => string | number>>;

/** Throws a `USAGE` error if a flag contradicts the configuration of the resumed run. */
export async function assertResumable(options: RunOptions, config: RunConfig): Promise<void> {
  await assertSameModel(options, config);
  if (options.augment && !isDeepStrictEqual(options.augment, config.augmentation)) {
    throw usage("--augment differs from the checkpoint's: leave it out, or start a new run.");
  }
  for (const [name, valueIn] of Object.entries(FIXED_OPTIONS)) {
    const given = options[name as keyof typeof FIXED_OPTIONS];
    const fixed = String(valueIn(config));
    if (given === undefined || String(given) === fixed) continue;
    if (given === 'balanced' && config.classWeights) continue;
    const flag = `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
    throw usage(
      `${flag} ${given} differs from the checkpoint's ${fixed}: leave it out, or start a new run.`,
    );
  }
  const { learningRate } = config;
  if (learningRate.name === 'cosine' && (options.epochs ?? 0) > learningRate.epochs) {
    throw usage(
      `--epochs ${options.epochs} goes beyond epoch ${learningRate.epochs}, ` +
        "at the end of which this run's learning rate is 0: start a new run with its weights " +
        '(--init-from).',
    );
  }
}

/** A checkpoint does not hold the values of model flags, only the layers that result from them. */
async function assertSameModel(options: RunOptions, { model, dataset }: RunConfig): Promise<void> {
  const given = MODEL_OPTIONS.filter((name) => options[name] !== undefined);
  if (given.length === 0) return;
  const { input } = model;
  const kind = input.height * input.width === 1 ? 'features' : 'images';
  const asked = await modelFor(options, { kind, shape: input, manifest: dataset });
  if (isDeepStrictEqual(asked.spec, model)) return;
  const flags = given.map((name) => `--${name} ${String(options[name]) || 'none'}`).join(' ');
  throw usage(
    `${flags} cannot change the model of a resumed run, ${describeModel(planModel(model))}: ` +
      'leave the model flags out, or start a new run.',
  );
}

const usage = (message: string): LockstepError => new LockstepError('USAGE', message);
