import { createHash } from 'node:crypto';
import * as z from 'zod';
import { type TensorLayout, viewOf } from '../shared/engine/layer.ts';
import { type ModelSpec, parameterCount, tensorLayouts, trainedCount } from '../shared/engine/model-spec.ts';
import { STATE_NAMES } from '../shared/engine/optimizers.ts';
import { LockstepError } from '../shared/errors.ts';
import { bytesOf } from '../shared/protocol/codec.ts';
import { RunConfig } from '../shared/run-config.ts';
import { describeIssue } from '../shared/validation.ts';
import { Progress, StopRule } from './progress.ts';
import { decodeSafetensors, encodeSafetensors, type NamedTensor } from './safetensors.ts';

/** Everything that is needed to go on to the same bits. */
export interface Checkpoint {
  readonly config: RunConfig;
  /** Updates done. */
  readonly step: number;
  readonly progress: Progress;
  readonly stopRule: StopRule;
  readonly parameters: Float32Array;
  /** By the names of `Optimizer.state`, each as long as the trained parameters. */
  readonly optimizerState: Readonly<Record<string, Float32Array>>;
}

const FORMAT = 'lockstep-checkpoint';
const FORMAT_VERSION = '2';

const Metadata = z.strictObject({
  format: z.literal(FORMAT),
  formatVersion: z.string(),
  /** {@link RunConfig} as JSON. */
  config: z.string(),
  /** {@link TrainingState} as JSON. */
  training: z.string(),
  /** Of everything else, so that a flipped bit anywhere is noticed. */
  sha256: z.string(),
});

const TrainingState = z.strictObject({ step: z.int().nonnegative(), progress: Progress, stopRule: StopRule });

/** One safetensors file: the model's tensors under their names, the optimizer's as `optimizer.<state>.<name>`. */
export function encodeCheckpoint(checkpoint: Checkpoint): Uint8Array {
  const { config, step, progress, stopRule, parameters, optimizerState } = checkpoint;
  const tensors = [
    ...namedTensors(config.model, '', parameters),
    ...Object.entries(optimizerState).flatMap(([state, values]) =>
      namedTensors(config.model, statePrefix(state), values),
    ),
  ];
  const metadata = {
    format: FORMAT,
    formatVersion: FORMAT_VERSION,
    config: JSON.stringify(config),
    training: JSON.stringify({ step, progress, stopRule }),
  };
  return encodeSafetensors(tensors, { ...metadata, sha256: digestOf(metadata, tensors) });
}

/** Throws a `CHECKPOINT` error, without the file's name, unless the file is whole and unaltered. */
export function decodeCheckpoint(file: Uint8Array): Checkpoint {
  const { tensors, metadata } = decodeSafetensors(file);
  const { sha256, ...content } = parse(Metadata, metadata, 'metadata');
  if (content.formatVersion !== FORMAT_VERSION) {
    throw new LockstepError(
      'CHECKPOINT',
      `format version ${content.formatVersion}, this Lockstep reads ${FORMAT_VERSION}: use the version that wrote it`,
    );
  }
  if (digestOf(content, [...tensors.values()]) !== sha256) {
    throw new LockstepError('CHECKPOINT', 'its content does not have the digest that it was written with');
  }
  const config = parse(RunConfig, JSON.parse(content.config), 'config');
  const { step, progress, stopRule } = parse(TrainingState, JSON.parse(content.training), 'training');
  const { model, optimizer } = config;
  const stateOf = (name: string) => flatBuffer(model, statePrefix(name), tensors, trainedCount(model));
  return {
    config,
    step,
    progress,
    stopRule,
    parameters: flatBuffer(model, '', tensors, parameterCount(model)),
    optimizerState: Object.fromEntries(STATE_NAMES[optimizer.name].map((name) => [name, stateOf(name)])),
  };
}

/** SHA-256 over the little-endian f32 parameters, in hexadecimal: equal if and only if the models are. */
export function parametersSha256(parameters: Float32Array): string {
  return createHash('sha256').update(bytesOf(parameters)).digest('hex');
}

const statePrefix = (state: string): string => `optimizer.${state}.`;

function namedTensors(model: ModelSpec, prefix: string, flat: Float32Array): NamedTensor[] {
  return tensorsIn(model, flat.length).map((tensor) => ({
    name: prefix + tensor.name,
    shape: tensor.shape,
    values: viewOf(flat, tensor),
  }));
}

/** The tensors in a flat buffer of all parameters, or of those that are trained. */
function tensorsIn(model: ModelSpec, length: number): TensorLayout[] {
  return tensorLayouts(model).filter(({ offset }) => offset < length);
}

function flatBuffer(
  model: ModelSpec,
  prefix: string,
  tensors: Map<string, NamedTensor>,
  length: number,
): Float32Array {
  const flat = new Float32Array(length);
  for (const layout of tensorsIn(model, length)) {
    const tensor = tensors.get(prefix + layout.name);
    if (tensor?.shape.join() !== layout.shape.join()) {
      const found = tensor ? `has shape [${tensor.shape}]` : 'is missing';
      throw new LockstepError('CHECKPOINT', `tensor ${prefix}${layout.name} [${layout.shape}] ${found}`);
    }
    viewOf(flat, layout).set(tensor.values);
  }
  return flat;
}

function digestOf(metadata: Readonly<Record<string, string>>, tensors: readonly NamedTensor[]): string {
  const hash = createHash('sha256');
  hash.update(JSON.stringify([metadata, tensors.map(({ name, shape }) => [name, shape])]));
  for (const { values } of tensors) hash.update(bytesOf(values));
  return hash.digest('hex');
}

function parse<T>(schema: z.ZodType<T>, value: unknown, what: string): T {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  throw new LockstepError(
    'CHECKPOINT',
    `its ${what} is not a Lockstep checkpoint's: ${describeIssue(result.error, value)}`,
  );
}
