import * as z from 'zod';
import { ACTIVATIONS } from '../kernels.ts';

const count = z.int().min(1).max(16_384);
const extent = z.int().min(1).max(64);

/** One layer of a model, as a user writes it. */
export const LayerSpec = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('dense'), outputs: z.int().min(1).max(65_536) }),
  z.strictObject({
    type: z.literal('conv2d'),
    filters: count,
    /** The height and width of the kernel. */
    kernel: extent,
    stride: extent.default(1),
    /** `same` adds zeros around the image, so that stride 1 keeps its size. `valid` adds none. */
    padding: z.enum(['same', 'valid']).default('same'),
  }),
  z.strictObject({ type: z.literal('max-pool'), size: extent }),
  z.strictObject({ type: z.literal('average-pool'), size: extent }),
  z.strictObject({ type: z.literal('flatten') }),
  z.strictObject({ type: z.literal('activation'), function: z.enum(ACTIVATIONS) }),
  z.strictObject({ type: z.literal('dropout'), rate: z.number().min(0).max(0.95) }),
  z.strictObject({ type: z.literal('batch-norm') }),
]);
export type LayerSpec = z.infer<typeof LayerSpec>;
