import { cosPi } from './elementary.ts';
import type { ScheduleSpec } from './schedule-spec.ts';

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
