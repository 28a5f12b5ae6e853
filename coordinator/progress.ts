import * as z from 'zod';
import { CHAIN_START } from './ledger.ts';

/** What an epoch ended with; means over its examples. Epochs count from 1. */
export const EpochResult = z.strictObject({
  epoch: z.int().positive(),
  /** Updates done at its end. */
  step: z.int().positive(),
  trainLoss: z.number(),
  trainAccuracy: z.number(),
  /** Null where no examples are held out. */
  validationLoss: z.number().nullable(),
  validationAccuracy: z.number().nullable(),
  testLoss: z.number(),
  testAccuracy: z.number(),
});
export type EpochResult = z.infer<typeof EpochResult>;

/** What training remembers beside parameters and optimizer; part of every checkpoint. */
export const Progress = z.strictObject({
  /** Sums over the epoch under way. */
  lossSum: z.number(),
  correctCount: z.number(),
  exampleCount: z.int().nonnegative(),
  /** Links the parameters of all steps so far; see `ledger.ts`. */
  chain: z.string(),
  /** The last epoch that ended, and the one with the smallest validation loss. */
  last: EpochResult.optional(),
  best: EpochResult.optional(),
});
export type Progress = z.infer<typeof Progress>;

export const initialProgress = (): Progress => ({
  lossSum: 0,
  correctCount: 0,
  exampleCount: 0,
  chain: CHAIN_START,
});

/** When training ends. Part of every checkpoint too, but a resumed run may have another. */
export const StopRule = z.strictObject({
  epochs: z.int().positive(),
  /** Stop after so many epochs in a row without a smaller validation loss, and keep the best epoch's parameters. */
  earlyStopping: z.int().positive().optional(),
});
export type StopRule = z.infer<typeof StopRule>;
