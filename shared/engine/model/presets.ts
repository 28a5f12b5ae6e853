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
/** A normalized convolution with its activation. */
const block = (filters: number): LayerSpec[] => [convolution(filters), norm, activation('relu')];

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
  /** Six convolutions and a dense layer: 209,650 parameters (28 × 28 pixels, ten classes). */
  cnn: (classes: number): LayerSpec[] => [
    ...block(24),
    ...block(24),
    pool,
    ...block(48),
    ...block(48),
    pool,
    ...block(96),
    ...block(96),
    dropout(0.2),
    dense(classes),
  ],
  /** Five convolutions with fewer filters, without dropout: 84,538 parameters. */
  'cnn-small': (classes: number): LayerSpec[] => [
    ...block(16),
    pool,
    ...block(32),
    ...block(32),
    pool,
    ...block(64),
    ...block(48),
    dense(classes),
  ],
};
export type PresetName = keyof typeof PRESETS;
