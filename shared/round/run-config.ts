import * as z from 'zod';
import { Augmentation } from '../data/augmentation-spec.ts';
import { DatasetManifest } from '../data/manifest.ts';
import { NUMERICS } from '../engine/kernels.ts';
import { INITIALIZATIONS } from '../engine/model/initialization.ts';
import { LOSSES } from '../engine/model/model.ts';
import { ModelSpec } from '../engine/model/model-spec.ts';
import { OptimizerSpec } from '../engine/optimizer-spec.ts';
import { ScheduleSpec } from '../engine/schedule-spec.ts';

/**
 * The formats of vectors on the wire. With `bf16`, two kinds of vectors are rounded to bfloat16:
 * the gradient sums of large nodes (see `Workload`), and the parameters that rounds are computed
 * with. They are rounded wherever they are computed, even if they do not travel. So the result does
 * not depend on which of them travel.
 */
export const WIRE_FORMATS = ['f32', 'bf16'] as const;
export type WireFormat = (typeof WIRE_FORMATS)[number];

export const GLOBAL_BATCH_MAX = 1_000_000;
export const MICRO_BATCHES_MAX = 4096;
/** Of so many classes, the weights fit into a message. */
export const CLASS_WEIGHTS_MAX = 1024;
export const CLASS_WEIGHT_MAX = 1e6;

/**
 * Everything that the parameters after step s depend on, and nothing else. Two runs with the same
 * configuration end with the same bits, on any workers. The configuration is sent to every worker
 * and kept in every checkpoint.
 */
export const RunConfig = z.strictObject({
  dataset: DatasetManifest,
  /** The number of training examples that are held out. */
  validationCount: z.int().nonnegative(),
  model: ModelSpec,
  initialisation: z.enum(INITIALIZATIONS),
  /**
   * The SHA-256 of the parameters that the run begins with, if they are another run's. Absent: they
   * are drawn, as `initialisation` says.
   */
  initialParametersSha256: z
    .string()
    .regex(/^[0-9a-f]{64}$/)
    .optional(),
  loss: z.enum(LOSSES),
  labelSmoothing: z.number().min(0).lt(1),
  /**
   * The factor of the loss of each class's examples, in training. The sum of the weighted losses is
   * still divided by the number of examples. Absent: 1 for all.
   */
  classWeights: z
    .array(z.number().positive().max(CLASS_WEIGHT_MAX))
    .max(CLASS_WEIGHTS_MAX)
    .optional(),
  optimizer: OptimizerSpec,
  learningRate: ScheduleSpec,
  weightDecay: z.number().nonnegative(),
  /** The maximal norm of the whole gradient. A longer gradient is scaled down to this norm. */
  clipNorm: z.number().positive().optional(),
  /**
   * The largest weight of the old value in the averages of the parameters, which are the model of
   * the run then; see `averaged-parameters.ts`. Absent: the model is the parameters themselves.
   */
  averageDecay: z.number().positive().lt(1).optional(),
  augmentation: Augmentation,
  /** How a product and the sum it is added to are rounded; see `engine/kernels.ts`. */
  numerics: z.enum(NUMERICS),
  /** The format of gradients and parameters on the wire; see {@link WIRE_FORMATS}. */
  wire: z.enum(WIRE_FORMATS).default('f32'),
  /** The number of examples per step. */
  globalBatch: z.int().positive().max(GLOBAL_BATCH_MAX),
  /** The number of parts of a global batch: the leaves of the reduction tree. */
  microBatchCount: z.int().positive().max(MICRO_BATCHES_MAX),
  seed: z.int().nonnegative(),
});
export type RunConfig = z.infer<typeof RunConfig>;
