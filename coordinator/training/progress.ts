import * as z from 'zod';
import { CHAIN_START } from './ledger.ts';
import { RegressionErrors } from './quality.ts';

/**
 * The result of an epoch. Losses and accuracies are means over the examples. If the target is a
 * number, accuracies are null, and there are errors instead.
 */
export const EpochResult = z.strictObject({
  /** From 1. */
  epoch: z.int().positive(),
  /** The number of updates at the end of the epoch. */
  step: z.int().positive(),
  trainLoss: z.number(),
  trainAccuracy: z.number().nullable(),
  /** Null if no examples are held out. */
  validationLoss: z.number().nullable(),
  validationAccuracy: z.number().nullable(),
  testLoss: z.number(),
  testAccuracy: z.number().nullable(),
  trainErrors: RegressionErrors.optional(),
  validationErrors: RegressionErrors.optional(),
  testErrors: RegressionErrors.optional(),
});
export type EpochResult = z.infer<typeof EpochResult>;

/** One epoch, as a line of `epochs.jsonl`. */
export const EpochRecord = EpochResult.extend({
  /** The time that the epoch took in the process that ended it, including evaluation. */
  seconds: z.number().nonnegative(),
});
export type EpochRecord = z.infer<typeof EpochRecord>;

/** The training loop's state in addition to parameters and optimizer. Part of every checkpoint. */
export const Progress = z.strictObject({
  /** The sum over the current epoch. */
  lossSum: z.number(),
  /** The sum over the current epoch. */
  correctCount: z.number(),
  /** The sums over the current epoch, in deviations of the target. 0 for classes. */
  squaredErrorSum: z.number().default(0),
  absoluteErrorSum: z.number().default(0),
  /** The number of examples in the current epoch so far. */
  exampleCount: z.int().nonnegative(),
  /** A hash over the parameters of all steps so far; see `ledger.ts`. */
  chain: z.string(),
  /** The last epoch that ended. */
  last: EpochResult.optional(),
  /** The epoch with the smallest validation loss. */
  best: EpochResult.optional(),
});
export type Progress = z.infer<typeof Progress>;

export const initialProgress = (): Progress => ({
  lossSum: 0,
  correctCount: 0,
  squaredErrorSum: 0,
  absoluteErrorSum: 0,
  exampleCount: 0,
  chain: CHAIN_START,
});

/** When training ends. Part of every checkpoint, but a resumed run may have a different one. */
export const StopRule = z.strictObject({
  epochs: z.int().positive(),
  /**
   * Training stops after this many epochs in a row without a smaller validation loss, and keeps the
   * best epoch's parameters.
   */
  earlyStopping: z.int().positive().optional(),
});
export type StopRule = z.infer<typeof StopRule>;

/**
 * The step of the checkpoint that is the model of a run which ends in this state: with early
 * stopping the best epoch's, otherwise the last one.
 */
export function modelStepOf(state: {
  readonly step: number;
  readonly progress: Progress;
  readonly stopRule: StopRule;
}): number {
  const { step, progress, stopRule } = state;
  return stopRule.earlyStopping === undefined ? step : (progress.best?.step ?? step);
}
