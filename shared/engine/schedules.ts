import * as z from 'zod';
import { cosPi } from './elementary.ts';

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

/** The learning rate of `step`, which counts from 0. A pure function, in f64. */
export function learningRateAt(
  schedule: ScheduleSpec,
  step: number,
  stepsPerEpoch: number,
): number {
  const { peak, warmupSteps } = schedule;
  if (step < warmupSteps) return (peak * (step + 1)) / warmupSteps;
  switch (schedule.name) {
    case 'constant':
      return peak;
    case 'step': {
      let learningRate = peak;
      const decays = Math.floor(step / (schedule.everyEpochs * stepsPerEpoch));
      for (let i = 0; i < decays; i++) learningRate *= schedule.decay;
      return learningRate;
    }
    case 'cosine': {
      // I. Loshchilov, F. Hutter, "SGDR: stochastic gradient descent with warm restarts", 2017,
      // equation 5.
      const falling = Math.max(1, schedule.epochs * stepsPerEpoch - warmupSteps);
      const progress = Math.min(1, (step - warmupSteps) / falling);
      return (peak * (1 + cosPi(progress))) / 2;
    }
  }
}
