import { type Command, InvalidArgumentError, Option } from 'commander';
import {
  fraction,
  numberBetween,
  numberFrom,
  threadsOption,
  wholeNumber,
} from '../../shared/cli/option-parsers.ts';
import { Augmentation, NO_AUGMENTATION } from '../../shared/data/augmentation-spec.ts';
import { ACTIVATIONS, NUMERICS } from '../../shared/engine/kernels.ts';
import { INITIALIZATIONS } from '../../shared/engine/model/initialization.ts';
import { LOSSES } from '../../shared/engine/model/model.ts';
import { PRESETS } from '../../shared/engine/model/presets.ts';
import { OPTIMIZERS } from '../../shared/engine/optimizer-spec.ts';
import { SCHEDULES } from '../../shared/engine/schedule-spec.ts';
import {
  CLASS_WEIGHT_MAX,
  GLOBAL_BATCH_MAX,
  MICRO_BATCHES_MAX,
  WIRE_FORMATS,
} from '../../shared/round/run-config.ts';
import type { ClassWeights } from './class-weights.ts';
import { DEFAULT_RATES, DEFAULTS, RECIPES } from './recipes.ts';
import { AUDIT_HERE, RECIPE_NAMES } from './run-options.ts';

const LAYER_COUNT_MAX = 31;
const LAYER_WIDTH_MAX = 16_384;

/** Adds the flags that `train` and `coordinator` share. */
export function addRunOptions(command: Command): Command {
  addModelOptions(command.optionsGroup('What is trained:'));
  const training = command.optionsGroup('How it is trained (defaults are those of the model mlp):');
  addTrainingOptions(training);
  addOptimizerOptions(training);
  addDataOptions(command.optionsGroup('Examples:'));
  addClusterOptions(command.optionsGroup('Cluster:'));
  return addFileOptions(command.optionsGroup('Files:'));
}

/** A flag with the values that it takes: a list, or a parser that refuses the others. */
function flag(
  flags: string,
  description: string,
  values: readonly string[] | ((text: string) => unknown),
): Option {
  const option = new Option(flags, description);
  return typeof values === 'function' ? option.argParser(values) : option.choices(values);
}

/** Adds the flags that choose a model. */
export function addModelOptions(command: Command): Command {
  const presets = Object.keys(PRESETS).join(', ');
  const layers = `widths of the hidden layers of mlp, or "none" (default: ${DEFAULTS.layers})`;
  const activation = `activation of the hidden layers of mlp (default: ${DEFAULTS.activation})`;
  return command
    .option('--model <name>', `${presets}, or a JSON file with layers (default: mlp)`)
    .addOption(flag('--layers <widths>', layers, layerWidths))
    .addOption(flag('--activation <name>', activation, ACTIVATIONS));
}

function addTrainingOptions(command: Command): Command {
  const recipe =
    'defaults of the flags below for a preset: accurate trains mlp and cnn for longer, to a ' +
    'better model (default: quick)';
  const init = 'initial weights (default: glorot for sigmoid, tanh and identity, else he)';
  const loss = `loss to minimize (default: ${DEFAULTS.loss}; for numbers squared-error)`;
  const smoothing =
    'part of each target that is spread over all classes ' +
    `(default: ${DEFAULTS.labelSmoothing})`;
  const weights =
    'factor of the loss of each class, such as 1,2.5, for classes of unlike sizes; balanced: the ' +
    'inverse of their sizes (default: none)';
  const epochs = `passes over the training set (default: ${DEFAULTS.epochs})`;
  const steps = 'stop after this many steps in all; --resume goes on';
  const batch = `examples per step (default: ${DEFAULTS.globalBatch})`;
  const parts =
    `parts of a global batch; at most this many workers get work ` +
    `(default: ${DEFAULTS.microBatches})`;
  return command
    .addOption(flag('--recipe <name>', recipe, RECIPE_NAMES))
    .addOption(flag('--init <name>', init, INITIALIZATIONS))
    .addOption(flag('--loss <name>', loss, LOSSES))
    .addOption(flag('--label-smoothing <part>', smoothing, numberFrom(0, 1)))
    .addOption(flag('--class-weights <list>', weights, classWeights))
    .addOption(flag('--epochs <count>', epochs, wholeNumber(1, 1_000_000)))
    .addOption(flag('--steps <count>', steps, wholeNumber(1)))
    .addOption(flag('--global-batch <count>', batch, wholeNumber(1, GLOBAL_BATCH_MAX)))
    .addOption(flag('--micro-batches <count>', parts, wholeNumber(1, MICRO_BATCHES_MAX)));
}

function addOptimizerOptions(command: Command): Command {
  const rates = Object.entries(DEFAULT_RATES).map(([name, rate]) => `${rate} for ${name}`);
  const optimizer = `update rule (default: ${DEFAULTS.optimizer})`;
  const rate = `learning rate (default: ${rates.join(', ')})`;
  const momentum = `momentum of momentum and nesterov (default: ${DEFAULTS.momentum})`;
  const decay =
    'weight decay: pulls weights toward 0, apart from the gradient in adamw ' +
    `(default: ${DEFAULTS.weightDecay})`;
  const clipNorm = 'longest gradient; a longer one is scaled down to this norm (default: off)';
  const average =
    'the model is an average of the parameters over the steps, in which the old value weighs at ' +
    'most this much, such as 0.999 (default: off)';
  const schedule = `learning-rate schedule (default: ${DEFAULTS.schedule})`;
  const warmup =
    `steps of linear learning-rate warm-up (default: ${DEFAULTS.warmup}; for cnn and cnn-small ` +
    `${RECIPES.cnn.quick.warmup}, but at most a fifth of the run)`;
  const seed = `seed of all random numbers (default: ${DEFAULTS.seed})`;
  const numerics =
    'rounding of inner products: fused rounds product and sum once, strict each ' +
    '(default: fused if this machine can)';
  const positive = numberBetween(0, Number.POSITIVE_INFINITY);
  return command
    .addOption(flag('--optimizer <name>', optimizer, OPTIMIZERS))
    .addOption(flag('--lr <rate>', rate, positive))
    .addOption(flag('--momentum <factor>', momentum, numberBetween(0, 1)))
    .addOption(flag('--weight-decay <factor>', decay, numberFrom(0, Number.POSITIVE_INFINITY)))
    .addOption(flag('--clip-norm <length>', clipNorm, positive))
    .addOption(flag('--average <decay>', average, numberBetween(0, 1)))
    .addOption(flag('--schedule <name>', schedule, SCHEDULES))
    .addOption(flag('--warmup <steps>', warmup, wholeNumber(0)))
    .addOption(flag('--seed <number>', seed, wholeNumber(0)))
    .addOption(flag('--numerics <name>', numerics, NUMERICS));
}

function addDataOptions(command: Command): Command {
  const augment =
    'how training images are altered: flip, shift=PIXELS, erase=PROBABILITY, ' +
    'comma-separated (default: none)';
  const validation =
    'training examples that are held out to show overfitting ' +
    `(default: ${DEFAULTS.validation}, at most a tenth)`;
  const earlyStopping =
    'stop after this many epochs without a lower validation loss, and keep the best epoch ' +
    '(default: off)';
  return command
    .addOption(flag('--augment <list>', augment, augmentation))
    .addOption(flag('--validation <count>', validation, wholeNumber(0)))
    .addOption(flag('--early-stopping <epochs>', earlyStopping, wholeNumber(1, 1_000_000)));
}

function addClusterOptions(command: Command): Command {
  const audit = 'part of all sums that a second worker computes too, to compare them: 0 to 1';
  const threads =
    'threads that compute a share together: of each worker that this command starts, or of this ' +
    'process (default: as many as the cores allow)';
  const auditHere =
    'part of these checks that the coordinator makes itself; training waits for them, and no ' +
    `workers can agree on a lie (default: ${AUDIT_HERE})`;
  const wire =
    'format of gradients and parameters on the wire: f32, or bf16, which rounds them to 16 bits ' +
    '(default: f32)';
  const predict =
    'answer POST /api/predict at the port: what the present model takes a picture for';
  return command
    .option('--predict', predict)
    .addOption(threadsOption(threads))
    .addOption(flag('--audit <part>', audit, fraction).default(0))
    .addOption(flag('--audit-here <part>', auditHere, fraction))
    .addOption(flag('--wire <format>', wire, WIRE_FORMATS));
}

function addFileOptions(command: Command): Command {
  const dataDir = 'folder with the four IDX files, gzipped or not (default: found or fetched)';
  const out = 'folder for configuration, records and checkpoints (default: a new one in runs/)';
  const resume = 'go on from a run folder or a checkpoint file, to the same bits';
  const initFrom =
    'begin a new run with the weights of a checkpoint file, or of a run folder; any other flag ' +
    'may differ from that run’s, and for other classes the last layer is drawn anew';
  const resumeOrStart =
    'go on with the run in this folder, or start it there: one command line for every restart';
  const every = 'save a checkpoint every so many steps, and after each epoch';
  const interval = 'save a checkpoint after so many seconds at the latest';
  const trace = 'write a timeline of coordinator and workers, for ui.perfetto.dev';
  return command
    .option('--data-dir <dir>', dataDir)
    .option('--out <dir>', out)
    .option('--resume <path>', resume)
    .addOption(new Option('--resume-or-start <dir>', resumeOrStart).conflicts(['out', 'resume']))
    .addOption(new Option('--init-from <path>', initFrom).conflicts(['resume']))
    .addOption(flag('--checkpoint-every <steps>', every, wholeNumber(1)).default(500))
    .addOption(flag('--checkpoint-interval <seconds>', interval, wholeNumber(1)).default(30))
    .option('--trace <file>', trace);
}

/** `256,128`, or `none` for no hidden layer. */
function layerWidths(text: string): number[] {
  if (text === 'none') return [];
  const widths = text.split(',').map((part) => (/^\d+$/.test(part) ? Number(part) : 0));
  const isRight = widths.every((width) => width >= 1 && width <= LAYER_WIDTH_MAX);
  if (isRight && widths.length <= LAYER_COUNT_MAX) return widths;
  throw new InvalidArgumentError(
    `Give up to ${LAYER_COUNT_MAX} widths from 1 to ${LAYER_WIDTH_MAX}, ` +
      'such as 256,128, or "none".',
  );
}

/** `balanced`, or `1,2.5,1`. */
function classWeights(text: string): ClassWeights {
  if (text === 'balanced') return text;
  const weights = text.split(',').map((part) => Number(part || Number.NaN));
  if (weights.every((weight) => weight > 0 && weight <= CLASS_WEIGHT_MAX)) return weights;
  throw new InvalidArgumentError(
    `Give "balanced", or a number above 0 and up to ${CLASS_WEIGHT_MAX} for each class, ` +
      'such as 1,2.5,1.',
  );
}

/** `flip,shift=2,erase=0.5`. A bare `flip` mirrors every second image. */
function augmentation(text: string): Augmentation {
  if (text === 'none') return NO_AUGMENTATION;
  const given = text.split(',').map((part) => {
    const [name, value, ...rest] = part.split('=');
    if (value === undefined && name === 'flip') return [name, 0.5];
    return [name, rest.length > 0 ? Number.NaN : Number(value || Number.NaN)];
  });
  const result = Augmentation.safeParse({ ...NO_AUGMENTATION, ...Object.fromEntries(given) });
  if (result.success) return result.data;
  throw new InvalidArgumentError(
    'Give a list such as flip,shift=2,erase=0.5 (shift up to 16), or "none".',
  );
}
