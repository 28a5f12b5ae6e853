import { createHash } from 'node:crypto';
import * as z from 'zod';
import { bytesOf } from '../../shared/bytes.ts';
import { type TensorLayout, viewOf } from '../../shared/engine/layers/layer.ts';
import { type ModelPlan, planModel } from '../../shared/engine/model/model-plan.ts';
import { STATE_NAMES } from '../../shared/engine/optimizers.ts';
import { LockstepError, reasonOf } from '../../shared/errors.ts';
import { RunConfig } from '../../shared/round/run-config.ts';
import { describeIssue } from '../../shared/validation.ts';
import { Progress, StopRule } from '../training/progress.ts';
import { decodeSafetensors, encodeSafetensors, type NamedTensor } from './safetensors.ts';

/** Everything that a resumed run needs to reach the same bits. */
export interface Checkpoint {
  readonly config: RunConfig;
  /** The plan of the model in `config`. */
  readonly model: ModelPlan;
  /** The number of updates so far. */
  readonly step: number;
  readonly progress: Progress;
  readonly stopRule: StopRule;
  /** The time in training so far, over all parts of the run. */
  readonly seconds: number;
  readonly parameters: Float32Array;
  /** The averages of the parameters; undefined if the run has none. */
  readonly averages?: Float32Array | undefined;
  /** The tensors of `Optimizer.state` by name, each as long as the trained parameters. */
  readonly optimizerState: Readonly<Record<string, Float32Array>>;
}

const FORMAT = 'lockstep-checkpoint';
/** Version 3 defines the chain's fingerprints over blocks. */
const FORMAT_VERSION = '3';

const Metadata = z.strictObject({
  format: z.literal(FORMAT),
  formatVersion: z.string(),
  /** {@link RunConfig} as JSON. */
  config: z.string(),
  /** {@link TrainingState} as JSON. */
  training: z.string(),
  /** The digest of everything else in the file. It reveals any flipped bit. */
  sha256: z.string(),
});

const TrainingState = z.strictObject({
  step: z.int().nonnegative(),
  progress: Progress,
  stopRule: StopRule,
  seconds: z.number().nonnegative().default(0),
});

/**
 * Encodes a checkpoint as a safetensors file. The model's tensors keep their names. The optimizer's
 * are named `optimizer.<state>.<name>`, and the averages of the parameters `average.<name>`.
 */
export function encodeCheckpoint(checkpoint: Checkpoint): Uint8Array {
  const { config, model, step, progress, stopRule, seconds } = checkpoint;
  const { parameters, averages, optimizerState } = checkpoint;
  const tensors = [
    ...namedTensors(model, '', parameters),
    ...(averages ? namedTensors(model, AVERAGE_PREFIX, averages) : []),
    ...Object.entries(optimizerState).flatMap(([state, values]) =>
      namedTensors(model, statePrefix(state), values),
    ),
  ];
  const metadata = {
    format: FORMAT,
    formatVersion: FORMAT_VERSION,
    config: JSON.stringify(config),
    training: JSON.stringify({ step, progress, stopRule, seconds }),
  };
  return encodeSafetensors(tensors, { ...metadata, sha256: digestOf(metadata, tensors) });
}

/**
 * Decodes a checkpoint file. Throws a `CHECKPOINT` error, which does not name the file, unless the
 * file is whole and unaltered.
 */
export function decodeCheckpoint(file: Uint8Array): Checkpoint {
  const { tensors, metadata } = decodeSafetensors(file);
  const { sha256, ...content } = parse(Metadata, metadata, 'metadata');
  if (content.formatVersion !== FORMAT_VERSION) {
    throw new LockstepError(
      'CHECKPOINT',
      `its format version is ${content.formatVersion}, this Lockstep reads ${FORMAT_VERSION}: ` +
        'use the version of Lockstep that wrote it',
    );
  }
  if (digestOf(content, [...tensors.values()]) !== sha256) {
    throw new LockstepError(
      'CHECKPOINT',
      'its content does not match its SHA-256 digest: the file is damaged',
    );
  }
  const config = parse(RunConfig, parseJson(content.config, 'config'), 'config');
  const training = parse(TrainingState, parseJson(content.training, 'training'), 'training');
  const model = planModel(config.model);
  const stateOf = (name: string) =>
    flatBuffer(model, statePrefix(name), tensors, model.trainedCount);
  return {
    config,
    model,
    ...training,
    parameters: flatBuffer(model, '', tensors, model.parameterCount),
    ...(config.averageDecay !== undefined && {
      averages: flatBuffer(model, AVERAGE_PREFIX, tensors, model.parameterCount),
    }),
    optimizerState: Object.fromEntries(
      STATE_NAMES[config.optimizer.name].map((name) => [name, stateOf(name)]),
    ),
  };
}

/** [parameterCount]. The model of a run: the averages of the parameters, if the run has them. */
export const modelParametersOf = ({
  parameters,
  averages,
}: Pick<Checkpoint, 'parameters' | 'averages'>): Float32Array => averages ?? parameters;

/**
 * SHA-256 over the little-endian f32 parameters, in hexadecimal. Two hashes are equal if and only
 * if the parameters are.
 */
export function parametersSha256(parameters: Float32Array): string {
  return createHash('sha256').update(bytesOf(parameters)).digest('hex');
}

const AVERAGE_PREFIX = 'average.';
const statePrefix = (state: string): string => `optimizer.${state}.`;

function namedTensors(model: ModelPlan, prefix: string, flat: Float32Array): NamedTensor[] {
  return tensorsIn(model, flat.length).map((tensor) => ({
    name: prefix + tensor.name,
    shape: tensor.shape,
    values: viewOf(flat, tensor),
  }));
}

/**
 * The tensors in a flat buffer of `length` values: all parameters, or only the trained ones, which
 * come first.
 */
function tensorsIn(model: ModelPlan, length: number): TensorLayout[] {
  return model.tensors.filter(({ offset }) => offset < length);
}

function flatBuffer(
  model: ModelPlan,
  prefix: string,
  tensors: Map<string, NamedTensor>,
  length: number,
): Float32Array {
  const parts = tensorsIn(model, length).map((layout) => {
    const tensor = tensors.get(prefix + layout.name);
    if (tensor?.shape.join() === layout.shape.join()) return { layout, values: tensor.values };
    const found = tensor ? `has shape [${tensor.shape}]` : 'is missing';
    throw new LockstepError(
      'CHECKPOINT',
      `tensor ${prefix}${layout.name} [${layout.shape}] ${found}`,
    );
  });
  // Not sooner: the configuration alone could ask for more memory than there is.
  const flat = new Float32Array(length);
  for (const { layout, values } of parts) viewOf(flat, layout).set(values);
  return flat;
}

function digestOf(
  metadata: Readonly<Record<string, string>>,
  tensors: readonly NamedTensor[],
): string {
  const hash = createHash('sha256');
  hash.update(JSON.stringify([metadata, tensors.map(({ name, shape }) => [name, shape])]));
  for (const { values } of tensors) hash.update(bytesOf(values));
  return hash.digest('hex');
}

function parseJson(text: string, what: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new LockstepError('CHECKPOINT', `its ${what} is not JSON: ${reasonOf(error)}`);
  }
}

function parse<T>(schema: z.ZodType<T>, value: unknown, what: string): T {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  throw new LockstepError(
    'CHECKPOINT',
    `its ${what} is not that of a Lockstep checkpoint: ${describeIssue(result.error, value)}`,
  );
}
