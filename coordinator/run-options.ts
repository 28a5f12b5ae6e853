import { type Command, InvalidArgumentError, Option } from 'commander';
import { Augmentation, NO_AUGMENTATION } from '../shared/data/augmentation.ts';
import { INITIALISATIONS, type Initialisation } from '../shared/engine/initialisation.ts';
import { ACTIVATIONS, type Activation, NUMERICS, type Numerics } from '../shared/engine/kernels.ts';
import { LOSSES, type Loss } from '../shared/engine/model.ts';
import { OPTIMIZERS, type OptimizerSpec } from '../shared/engine/optimizers.ts';
import { PRESETS } from '../shared/engine/presets.ts';
import { SCHEDULES, type ScheduleSpec } from '../shared/engine/schedules.ts';
import { fraction, numberBetween, wholeNumber } from '../shared/option-parsers.ts';
import { type RunConfig, WIRES } from '../shared/run-config.ts';
import { DEFAULT_RATES, DEFAULTS } from './recipes.ts';

/** What a user says of a run; undefined where the user says nothing. */
export interface RunOptions {
  /** The name of a preset, or a file. */
  readonly model?: string;
  readonly epochs?: number;
  readonly steps?: number;
  readonly globalBatch?: number;
  readonly microBatches?: number;
  readonly layers?: number[];
  readonly activation?: Activation;
  readonly init?: Initialisation;
  readonly loss?: Loss;
  readonly labelSmoothing?: number;
  readonly optimizer?: OptimizerSpec['name'];
  readonly momentum?: number;
  readonly lr?: number;
  readonly weightDecay?: number;
  readonly clipNorm?: number;
  readonly schedule?: ScheduleSpec['name'];
  readonly warmup?: number;
  readonly augment?: Augmentation;
  readonly seed?: number;
  readonly numerics?: Numerics;
  readonly wire?: RunConfig['wire'];
  readonly validation?: number;
  readonly earlyStopping?: number;
  readonly checkpointEvery: number;
  /** Seconds. */
  readonly checkpointInterval: number;
  readonly audit: number;
  readonly dataDir?: string;
  readonly out?: string;
  /** Where to write what the cluster did when. */
  readonly trace?: string;
  readonly resume?: string;
  readonly resumeOrStart?: string;
}

const LAYER_COUNT_MAX = 31;
const LAYER_WIDTH_MAX = 16_384;

/** Adds the flags that `train` and `coordinator` share. */
export function addRunOptions(command: Command): Command {
  addModelOptions(command.optionsGroup('What is trained:'));
  addTrainingOptions(command.optionsGroup('How it is trained (defaults are those of the model mlp):'));
  addDataOptions(command.optionsGroup('Which examples:'));
  addClusterOptions(command.optionsGroup('Cluster:'));
  return addFileOptions(command.optionsGroup('Files:'));
}

function choice(flags: string, description: string, choices: readonly string[]): Option {
  return new Option(flags, description).choices(choices);
}

function parsed(flags: string, description: string, parser: (text: string) => unknown): Option {
  return new Option(flags, description).argParser(parser);
}

/** Adds the flags that choose a model. */
export function addModelOptions(command: Command): Command {
  const presets = Object.keys(PRESETS).join(', ');
  return command
    .option('--model <name>', `${presets}, or a JSON file with layers (default: mlp)`)
    .addOption(
      parsed(
        '--layers <widths>',
        `widths of the hidden layers of mlp, "none" for none (default: ${DEFAULTS.layers})`,
        layerWidths,
      ),
    )
    .addOption(
      choice(
        '--activation <name>',
        `of the hidden layers of mlp (default: ${DEFAULTS.activation})`,
        ACTIVATIONS,
      ),
    );
}

function addTrainingOptions(command: Command): Command {
  const batch = `examples a step (default: ${DEFAULTS.globalBatch})`;
  const parts = `parts of a global batch (default: ${DEFAULTS.microBatches})`;
  const epochs = `passes over the training set (default: ${DEFAULTS.epochs})`;
  const rates = Object.entries(DEFAULT_RATES).map(([name, rate]) => `${rate} for ${name}`);
  return command
    .addOption(
      choice('--init <name>', 'initial weights (default: he, for sigmoid and tanh glorot)', INITIALISATIONS),
    )
    .addOption(choice('--loss <name>', `what is minimised (default: ${DEFAULTS.loss})`, LOSSES))
    .addOption(
      parsed(
        '--label-smoothing <part>',
        `of each target spread over all classes (default: ${DEFAULTS.labelSmoothing})`,
        numberFrom(0, 1),
      ),
    )
    .addOption(parsed('--epochs <count>', epochs, wholeNumber(1, 1_000_000)))
    .addOption(
      parsed('--steps <count>', 'stop after so many steps in all, to be resumed later', wholeNumber(1)),
    )
    .addOption(parsed('--global-batch <count>', batch, wholeNumber(1, 1_000_000)))
    .addOption(parsed('--micro-batches <count>', parts, wholeNumber(1, 4096)))
    .addOption(choice('--optimizer <name>', `update rule (default: ${DEFAULTS.optimizer})`, OPTIMIZERS))
    .addOption(
      parsed(
        '--lr <rate>',
        `learning rate (default: ${rates.join(', ')})`,
        numberBetween(0, Number.POSITIVE_INFINITY),
      ),
    )
    .addOption(
      parsed(
        '--momentum <factor>',
        `of momentum and nesterov (default: ${DEFAULTS.momentum})`,
        numberBetween(0, 1),
      ),
    )
    .addOption(
      parsed(
        '--weight-decay <factor>',
        `how weights are drawn to 0 (default: ${DEFAULTS.weightDecay})`,
        numberFrom(0, Number.POSITIVE_INFINITY),
      ),
    )
    .addOption(
      parsed(
        '--clip-norm <length>',
        'scale longer gradients down to it (default: off)',
        numberBetween(0, Number.POSITIVE_INFINITY),
      ),
    )
    .addOption(
      choice('--schedule <name>', `how the learning rate goes (default: ${DEFAULTS.schedule})`, SCHEDULES),
    )
    .addOption(
      parsed(
        '--warmup <steps>',
        `over which the rate rises at first (default: ${DEFAULTS.warmup})`,
        wholeNumber(0),
      ),
    )
    .addOption(parsed('--seed <number>', `of everything random (default: ${DEFAULTS.seed})`, wholeNumber(0)))
    .addOption(
      choice(
        '--numerics <profile>',
        'how products are added up: fused rounds once, strict twice (default: fused if this machine can)',
        NUMERICS,
      ),
    );
}

function addDataOptions(command: Command): Command {
  return command
    .addOption(
      parsed(
        '--augment <list>',
        'alter training images: flip, shift=PIXELS, erase=PROBABILITY, comma-separated, or none (default: none)',
        augmentation,
      ),
    )
    .addOption(
      parsed(
        '--validation <count>',
        `examples of the training set to hold out, to see overfitting (default: ${DEFAULTS.validation})`,
        wholeNumber(0),
      ),
    )
    .addOption(
      parsed(
        '--early-stopping <epochs>',
        'stop after so many epochs without a better validation loss; keep the best',
        wholeNumber(1, 1_000_000),
      ),
    );
}

function addClusterOptions(command: Command): void {
  command
    .addOption(
      new Option(
        '--audit <part>',
        'compute this part of all sums twice, on different workers, and compare: 0 to 1',
      )
        .default(0)
        .argParser(fraction),
    )
    .addOption(
      choice(
        '--wire <format>',
        'what travels: f32, or bf16 to round gradients and parameters to 16 bits (default: f32)',
        WIRES,
      ),
    );
}

function addFileOptions(command: Command): Command {
  return command
    .option('--data-dir <dir>', 'folder with the four IDX files, packed or not (default: found or fetched)')
    .option('--out <dir>', 'folder for config, metrics and checkpoints (default: a new one in runs/)')
    .option('--resume <path>', 'go on from a run folder or a checkpoint file, to the same bits')
    .addOption(
      new Option(
        '--resume-or-start <dir>',
        'go on with the run in this folder, or start it there: the same command line after any crash',
      ).conflicts(['out', 'resume']),
    )
    .addOption(
      new Option('--checkpoint-every <steps>', 'save so often, beside every epoch')
        .default(500)
        .argParser(wholeNumber(1)),
    )
    .addOption(
      new Option('--checkpoint-interval <seconds>', 'and at least so often')
        .default(30)
        .argParser(wholeNumber(1)),
    )
    .option('--trace <file>', 'write what coordinator and workers did when, for ui.perfetto.dev');
}

/** A number from `min` on and below `below`. */
function numberFrom(min: number, below: number) {
  const between = numberBetween(Number.NEGATIVE_INFINITY, below);
  return (text: string): number => {
    const value = between(text);
    if (value >= min) return value;
    throw new InvalidArgumentError(`Give a number of at least ${min}.`);
  };
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

/** `flip,shift=2,erase=0.5`; flip alone is every second image. */
function augmentation(text: string): Augmentation {
  if (text === 'none') return NO_AUGMENTATION;
  const given = text.split(',').map((part) => {
    const [name, value] = part.split('=');
    return [name, value === undefined && name === 'flip' ? 0.5 : Number(value || Number.NaN)];
  });
  const result = Augmentation.safeParse({ ...NO_AUGMENTATION, ...Object.fromEntries(given) });
  if (result.success) return result.data;
  throw new InvalidArgumentError('Give a list such as flip,shift=2,erase=0.5 (shift up to 16), or "none".');
}
