import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { encodeCheckpoint } from '../../coordinator/run-folder/checkpoint.ts';
import { ACTIVATIONS } from '../../shared/engine/kernels.ts';
import type { LayerSpec } from '../../shared/engine/layers/layer-spec.ts';
import { createModel } from '../../shared/engine/model/model.ts';
import { planModel } from '../../shared/engine/model/model-plan.ts';
import type { RunConfig } from '../../shared/round/run-config.ts';
import { createDraws } from './simulation/draws.ts';
import { checkpointAt, config as toyConfig } from './toy-checkpoint.ts';
import { naiveEngine } from './toy-run.ts';

/** Images of two channels, so that their order matters from the first layer on. */
export const PORTABLE_INPUT = { height: 7, width: 6, channels: 2 };
export const PORTABLE_ROWS = 5;
const CLASSES = 3;

const dense = (outputs: number): LayerSpec => ({ type: 'dense', outputs });
const conv = (
  filters: number,
  kernel: number,
  stride: number,
  padding: 'same' | 'valid',
): LayerSpec => ({ type: 'conv2d', filters, kernel, stride, padding });
const norm: LayerSpec = { type: 'batch-norm' };
const flatten: LayerSpec = { type: 'flatten' };
const dropout: LayerSpec = { type: 'dropout', rate: 0.5 };

/** Models with all layers, in all orders that change how they are converted. */
export const PORTABLE_MODELS: Readonly<Record<string, readonly LayerSpec[]>> = {
  'dense layers on an image': [dense(4), norm, dropout, dense(CLASSES)],
  'convolutions and pools': [
    conv(4, 3, 1, 'same'),
    norm,
    { type: 'max-pool', size: 2 },
    conv(5, 2, 1, 'valid'),
    { type: 'average-pool', size: 2 },
    dense(CLASSES),
  ],
  'strides that leave pixels over': [
    conv(3, 5, 2, 'same'),
    { type: 'average-pool', size: 2 },
    dropout,
    dense(CLASSES),
  ],
  'a convolution whose stride passes over the edge': [conv(3, 3, 4, 'valid'), dense(CLASSES)],
  'layers between flatten and dense': [
    conv(3, 3, 2, 'same'),
    flatten,
    norm,
    { type: 'activation', function: 'tanh' },
    flatten,
    norm,
    dense(6),
    norm,
    dense(CLASSES),
  ],
  'vectors that become images of one pixel': [
    conv(3, 3, 2, 'same'),
    flatten,
    { type: 'max-pool', size: 1 },
    norm,
    conv(4, 1, 1, 'valid'),
    norm,
    conv(4, 3, 1, 'same'),
    dense(5),
    { type: 'average-pool', size: 1 },
    flatten,
    dense(CLASSES),
  ],
  ...Object.fromEntries(
    ACTIVATIONS.map((name) => [
      `the activation ${name}`,
      [dense(16), { type: 'activation', function: name }, dense(CLASSES)] satisfies LayerSpec[],
    ]),
  ),
};

/**
 * Writes a checkpoint of a model with random parameters. Returns its path, random images [rows,
 * height, width, channels], and the model's logits of them.
 */
export function portableCheckpoint(
  folder: string,
  name: string,
  overrides: Partial<RunConfig> = {},
) {
  const spec = { input: PORTABLE_INPUT, layers: [...PORTABLE_MODELS[name]] };
  const config = { ...toyConfig, ...overrides, model: spec };
  const model = planModel(spec);
  const draws = createDraws(name.length);
  const parameters = draws.floats(model.parameterCount);
  for (const { name: tensor, offset, shape } of model.tensors)
    if (tensor.endsWith('variance')) fillPositive(parameters, offset, shape[0]);
  const optimizerState = { velocity: new Float32Array(model.trainedCount) };
  const path = join(folder, `${name.replaceAll(' ', '-')}.safetensors`);
  const checkpoint = { ...checkpointAt(3), config, model, parameters, optimizerState };
  writeFileSync(path, encodeCheckpoint(checkpoint));
  const images = Uint8Array.from({ length: PORTABLE_ROWS * model.inputCount }, () =>
    draws.integer(0, 255),
  );
  const used = parameters.slice();
  if (config.wire === 'bf16') naiveEngine.kernels.roundToBfloat16(used);
  return { path, images, logits: logitsOf(config, used, images), parameters };
}

function fillPositive(values: Float32Array, offset: number, count: number): void {
  for (let i = offset; i < offset + count; i++) values[i] = 0.25 + Math.abs(values[i]);
}

function logitsOf(config: RunConfig, parameters: Float32Array, images: Uint8Array): number[] {
  const model = createModel(naiveEngine, planModel(config.model), config, PORTABLE_ROWS);
  const x = new Float32Array(images.length);
  naiveEngine.kernels.scaleBytes(images, x, images.length);
  const batch = { leafSizes: Uint32Array.of(PORTABLE_ROWS), rows: PORTABLE_ROWS };
  const labels = new Float32Array(PORTABLE_ROWS);
  model.evaluate(parameters, x, labels, { ...batch, training: undefined });
  return [...model.logits.subarray(0, PORTABLE_ROWS * CLASSES)];
}

/** Images [rows, height, width, channels] as [rows, channels, height, width]. */
export function channelsFirst(images: Uint8Array, shape = PORTABLE_INPUT): Uint8Array {
  const { height, width, channels } = shape;
  const size = height * width;
  return images.map((_, i) => {
    const [row, channel, pixel] = [
      Math.floor(i / (size * channels)),
      Math.floor(i / size) % channels,
      i % size,
    ];
    return images[(row * size + pixel) * channels + channel];
  });
}
