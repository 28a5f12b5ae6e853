import { type Augmentation, NO_AUGMENTATION } from '../../shared/data/augmentation-spec.ts';
import type { PresetName } from '../../shared/engine/model/presets.ts';
import type { OptimizerSpec } from '../../shared/engine/optimizer-spec.ts';
import type { RecipeName, RunOptions } from './run-options.ts';

/** The values of the options that the user does not give. */
export const DEFAULTS = {
  epochs: 12,
  globalBatch: 128,
  microBatches: 16,
  layers: [256, 128],
  activation: 'relu',
  loss: 'cross-entropy',
  labelSmoothing: 0,
  optimizer: 'adam',
  momentum: 0.9,
  weightDecay: 0,
  schedule: 'cosine',
  warmup: 0,
  augment: NO_AUGMENTATION as Augmentation,
  seed: 1,
  validation: 5000,
} as const satisfies Partial<Record<keyof RunOptions, unknown>>;

export const DEFAULT_RATES: Record<OptimizerSpec['name'], number> = {
  sgd: 0.1,
  momentum: 0.05,
  nesterov: 0.05,
  adam: 0.002,
  adamw: 0.001,
  rmsprop: 0.001,
  adagrad: 0.01,
};

/** The options that train convolutional nets well. The warm-up is that of two epochs. */
const CONVOLUTIONAL: Partial<RunOptions> = {
  microBatches: 8,
  optimizer: 'nesterov',
  lr: 0.1,
  warmup: 860,
  weightDecay: 0.0005,
  labelSmoothing: 0.1,
  augment: { flip: 0.5, shift: 0, erase: 0 },
};
const CNN: Partial<RunOptions> = { ...CONVOLUTIONAL, epochs: 10 };
const CNN_ACCURATE: Partial<RunOptions> = {
  ...CONVOLUTIONAL,
  epochs: 30,
  augment: { flip: 0.5, shift: 0, erase: 0.25 },
};
const CNN_SMALL: Partial<RunOptions> = { ...CONVOLUTIONAL, epochs: 16 };

/** The options that train tables well: they have few rows, so that epochs have few steps. */
export const TABLE_RECIPE = {
  layers: [64, 32],
  epochs: 60,
  globalBatch: 32,
  microBatches: 8,
} as const satisfies Partial<RunOptions>;

/**
 * The options that train each preset: quickly, or for longer and to a better model. They replace
 * the defaults. `cnn-small` has one recipe.
 */
export const RECIPES: Record<PresetName, Record<RecipeName, Partial<RunOptions>>> = {
  mlp: {
    quick: {},
    accurate: {
      epochs: 40,
      optimizer: 'adamw',
      lr: 0.002,
      weightDecay: 0.05,
      labelSmoothing: 0.1,
      average: 0.999,
      augment: { flip: 0.5, shift: 0, erase: 0 },
    },
  },
  cnn: { quick: CNN, accurate: CNN_ACCURATE },
  'cnn-small': { quick: CNN_SMALL, accurate: CNN_SMALL },
};
