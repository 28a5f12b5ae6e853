import type { Activation } from '../kernels.ts';
import type { LayerSpec } from '../layers/layer-spec.ts';

const activation = (name: Activation): LayerSpec => ({ type: 'activation', function: name });
const dense = (outputs: number): LayerSpec => ({ type: 'dense', outputs });
const convolution = (filters: number): LayerSpec => ({
  type: 'conv2d',
  filters,
  kernel: 3,
  stride: 1,
  padding: 'same',
});
const pool: LayerSpec = { type: 'max-pool', size: 2 };
const norm: LayerSpec = { type: 'batch-norm' };
const dropout = (rate: number): LayerSpec => ({ type: 'dropout', rate });

/** Dense layers with an activation between them. */
export function multilayerPerceptron(
  hidden: readonly number[],
  name: Activation,
  classes: number,
): LayerSpec[] {
  return [...hidden.flatMap((width) => [dense(width), activation(name)]), dense(classes)];
}

/** The layers of the models that a user can choose by name. */
export const PRESETS = {
  mlp: (classes: number): LayerSpec[] => multilayerPerceptron([256, 128], 'relu', classes),
  /** Two convolutions and two dense layers: 422,026 parameters (28 × 28 pixels, ten classes). */
  cnn: (classes: number): LayerSpec[] => [
    convolution(32),
    norm,
    activation('relu'),
    pool,
    convolution(64),
    norm,
    activation('relu'),
    pool,
    dense(128),
    activation('relu'),
    dropout(0.3),
    dense(classes),
  ],
  /** The same as `cnn` with fewer filters and units: 93,426 parameters. */
  'cnn-small': (classes: number): LayerSpec[] => [
    convolution(16),
    norm,
    activation('relu'),
    pool,
    convolution(32),
    norm,
    activation('relu'),
    pool,
    dense(56),
    activation('relu'),
    dropout(0.2),
    dense(classes),
  ],
};
export type PresetName = keyof typeof PRESETS;
