import * as z from 'zod';

/** Random changes of training images, different in each epoch. If all are zero, nothing changes. */
export const Augmentation = z.strictObject({
  /** The probability that an image is mirrored. */
  flip: z.number().min(0).max(1),
  /** The largest shift in each direction, in pixels. Zeros fill the gap at the edge. */
  shift: z.int().min(0).max(16),
  /** The probability that a rectangle is overwritten with noise. */
  erase: z.number().min(0).max(1),
});
export type Augmentation = z.infer<typeof Augmentation>;

export const NO_AUGMENTATION: Augmentation = { flip: 0, shift: 0, erase: 0 };
