import * as z from 'zod';
import { Augmentation } from './data/augmentation.ts';
import { DatasetManifest } from './data/manifest.ts';
import { INITIALISATIONS } from './engine/initialisation.ts';
import { NUMERICS } from './engine/kernels.ts';
import { LOSSES } from './engine/model.ts';
import { ModelSpec } from './engine/model-spec.ts';
import { OptimizerSpec } from './engine/optimizers.ts';
import { ScheduleSpec } from './engine/schedules.ts';

/**
 * How vectors travel. With `bf16` every sum of a larger part of a step, and the parameters that rounds are computed with,
 * are rounded to bfloat16, wherever they are made: so that it makes no difference which of them travel.
 */
export const WIRES = ['f32', 'bf16'] as const;

/**
 * All that the parameters after step s depend on, and nothing else: two runs of one configuration end at the same
 * bits, whoever computes them. It is sent to every worker and kept in every checkpoint.
 */
export const RunConfig = z.strictObject({
  dataset: DatasetManifest,
  /** Examples of the training set that are held out. */
  validationCount: z.int().nonnegative(),
  model: ModelSpec,
  initialisation: z.enum(INITIALISATIONS),
  loss: z.enum(LOSSES),
  labelSmoothing: z.number().min(0).lt(1),
  optimizer: OptimizerSpec,
  learningRate: ScheduleSpec,
  weightDecay: z.number().nonnegative(),
  /** The longest gradient, as a whole; longer ones are scaled down to it. */
  clipNorm: z.number().positive().optional(),
  augmentation: Augmentation,
  /** How products are added up; see `engine/kernels.ts`. */
  numerics: z.enum(NUMERICS),
  /** What gradients and parameters are rounded to before they travel; see {@link WIRES}. */
  wire: z.enum(WIRES).default('f32'),
  /** Examples a step. */
  globalBatch: z.int().positive(),
  /** Parts of a global batch; the leaves of the reduction tree. */
  microBatchCount: z.int().positive(),
  seed: z.int().nonnegative(),
});
export type RunConfig = z.infer<typeof RunConfig>;
