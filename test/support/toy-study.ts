import {
  type LayerSpec,
  LayerSpec as LayerSpecSchema,
} from '../../shared/engine/layers/layer-spec.ts';
import type { Loss } from '../../shared/engine/model/model.ts';
import { planModel } from '../../shared/engine/model/model-plan.ts';
import { multilayerPerceptron } from '../../shared/engine/model/presets.ts';

import { openEngine } from '../../shared/host/load-engine.ts';
import { createNetLab } from '../../shared/study/net-lab.ts';
import { createDraws } from './simulation/draws.ts';

const layersFrom = (layers: readonly object[]): LayerSpec[] =>
  layers.map((layer) => LayerSpecSchema.parse(layer));

/** The nets of `pytorch-examples.json`, and one with every kind of layer. */
export const STUDIED_NETS = {
  sigmoid: {
    loss: 'cross-entropy',
    size: [4, 5],
    layers: multilayerPerceptron([7, 5], 'sigmoid', 3),
  },
  relu: { loss: 'squared-error', size: [4, 5], layers: multilayerPerceptron([7, 5], 'relu', 3) },
  convolutional: {
    loss: 'cross-entropy',
    size: [9, 8],
    layers: layersFrom([
      { type: 'conv2d', filters: 3, kernel: 3 },
      { type: 'batch-norm' },
      { type: 'activation', function: 'relu' },
      { type: 'max-pool', size: 2 },
      { type: 'conv2d', filters: 4, kernel: 2, stride: 2, padding: 'valid' },
      { type: 'activation', function: 'tanh' },
      { type: 'average-pool', size: 2 },
      { type: 'flatten' },
      { type: 'dense', outputs: 3 },
    ]),
  },
  everything: {
    loss: 'squared-error',
    size: [9, 8],
    layers: layersFrom([
      { type: 'batch-norm' },
      { type: 'conv2d', filters: 3, kernel: 3, stride: 2 },
      { type: 'activation', function: 'gelu' },
      { type: 'batch-norm' },
      { type: 'dropout', rate: 0.3 },
      { type: 'max-pool', size: 2 },
      { type: 'dense', outputs: 6 },
      { type: 'activation', function: 'leaky-relu' },
      { type: 'dense', outputs: 4 },
    ]),
  },
} as const satisfies Record<
  string,
  { loss: Loss; size: readonly [number, number]; layers: readonly LayerSpec[] }
>;
export type StudiedNet = keyof typeof STUDIED_NETS;

/** A lab of one of these nets. Its parameters are random numbers, or the given ones. */
export function openStudiedNet(name: StudiedNet, given?: readonly number[]) {
  const { loss, size, layers } = STUDIED_NETS[name];
  const [height, width] = size;
  const plan = planModel({ input: { height, width, channels: 1 }, layers: [...layers] });
  const lab = createNetLab(openEngine('strict'), plan, { loss, wire: 'f32', seed: 1 });
  const draws = createDraws(5);
  const parameters = new Float32Array(plan.parameterCount);
  for (const { shape, offset, name: tensor } of plan.tensors) {
    const count = shape.reduce((product, extent) => product * extent, 1);
    // A variance is positive.
    const shift = tensor.endsWith('variance') ? 1 : 0;
    parameters.set(
      draws.floats(count, 0.9).map((value) => value + shift),
      offset,
    );
  }
  if (given) parameters.set(given);
  lab.load(parameters);
  const pixels = Uint8Array.from({ length: plan.inputCount }, () => draws.integer(0, 255));
  return { plan, lab, parameters, pixels };
}
