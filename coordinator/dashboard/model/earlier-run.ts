import type { EpochRecord } from '../../training/progress.ts';
import type { RegressionErrors } from '../../training/quality.ts';

/** Another run beside this one, for comparison: the answer to `GET /api/runs` is a list of them. */
export interface EarlierRun {
  /** The name of its folder. */
  readonly name: string;
  /** Such as "784-256-128-10". */
  readonly model: string;
  readonly optimizer: string;
  readonly learningRate: number;
  readonly globalBatch: number;
  readonly epochs: readonly EarlierEpoch[];
  /** Null if it has not ended. */
  readonly testAccuracy: number | null;
  /** Instead of the accuracy, if the target is a number. */
  readonly testErrors?: RegressionErrors | undefined;
  /** The time in training, over all its parts; null if it has not ended. */
  readonly totalSeconds: number | null;
}

export type EarlierEpoch = Pick<
  EpochRecord,
  | 'epoch'
  | 'step'
  | 'trainLoss'
  | 'validationLoss'
  | 'trainAccuracy'
  | 'validationAccuracy'
  | 'testAccuracy'
  | 'trainErrors'
  | 'validationErrors'
  | 'testErrors'
  | 'seconds'
>;
