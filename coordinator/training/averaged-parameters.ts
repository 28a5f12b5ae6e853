import type { Engine } from '../../shared/engine/engine.ts';

/*
 * Averages of the parameters over the steps of a run (B. Polyak, A. Juditsky, "Acceleration of
 * stochastic approximation by averaging", 1992, with weights that fall exponentially):
 *
 *   average ← keep · average + (1 - keep) · parameters, after each update
 *
 * The averages begin with the initial parameters, which are random. So the weight of the old value
 * begins low and rises to `decay`: after t updates it is (1 + t) / (10 + t), as in TensorFlow's
 * ExponentialMovingAverage. After 100 updates the initial parameters weigh less than 1e-12. A
 * correction of the bias, as Adam has it, would also forget them, but the stored values would not
 * be parameters of a model until they are divided.
 *
 * Training itself never reads the averages. They are a function of the parameters of all steps, so
 * they have the same bits for any workers, and are saved in checkpoints.
 */

/** The averages of a run's parameters: its model, if the run has them. */
export interface AveragedParameters {
  /** [parameterCount], also of the running averages of batch normalization. */
  readonly values: Float32Array;
  /** The values in the wire's precision, for an evaluation. Valid until the next call. */
  rounded(): Float32Array;
  /** Takes the parameters after the update of `step`, which counts from 0. */
  update(parameters: Float32Array, step: number): void;
}

/** Begins with the values of `start` [parameterCount]. */
export function createAveragedParameters(
  { allocate, kernels }: Engine,
  decay: number,
  start: Float32Array,
  isBfloat16: boolean,
): AveragedParameters {
  const values = allocate(start.length);
  values.set(start);
  const copy = isBfloat16 ? allocate(start.length) : undefined;
  return {
    values,
    rounded() {
      if (!copy) return values;
      copy.set(values);
      kernels.roundToBfloat16(copy);
      return copy;
    },
    update(parameters, step) {
      const update = {
        parameters: values,
        gradientSum: parameters,
        exampleCount: 1,
        rate: 0,
        gradientScale: 1,
        weightDecay: 0,
      };
      kernels.updateAverage(update, keepAt(decay, step));
    },
  };
}

/** The weight of the old value in the update of `step`. A pure function, in f64. */
export const keepAt = (decay: number, step: number): number =>
  Math.min(decay, (1 + step) / (10 + step));
