import * as z from 'zod';

const common = {
  /** The learning rate after the warm-up. */
  peak: z.number().positive(),
  /** The number of steps at the start in which the rate rises linearly to `peak`. 0 for none. */
  warmupSteps: z.int().nonnegative(),
};

/** A learning-rate schedule. */
export const ScheduleSpec = z.discriminatedUnion('name', [
  z.strictObject({ name: z.literal('constant'), ...common }),
  /** The rate is multiplied by `decay` every `everyEpochs` epochs. */
  z.strictObject({
    name: z.literal('step'),
    ...common,
    decay: z.number().positive().max(1),
    everyEpochs: z.int().positive(),
  }),
  /** The rate falls along half a cosine and reaches 0 after `epochs` epochs. */
  z.strictObject({ name: z.literal('cosine'), ...common, epochs: z.int().positive() }),
]);
export type ScheduleSpec = z.infer<typeof ScheduleSpec>;

export const SCHEDULES = ['constant', 'step', 'cosine'] as const satisfies ScheduleSpec['name'][];
