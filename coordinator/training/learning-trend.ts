import type { EpochResult } from './progress.ts';

/** An epoch whose validation loss is known. */
export interface ValidatedEpoch extends EpochResult {
  readonly validationLoss: number;
}

/** Where a run stands, by the validation losses of its epochs. */
export type LearningTrend =
  /** No epoch is done yet, or no examples are held out. */
  | { readonly kind: 'unknown' }
  /** The last epoch is the best one. */
  | { readonly kind: 'falling'; readonly last: ValidatedEpoch }
  /** `best` is the epoch with the lowest validation loss, and it is not the last one. */
  | {
      readonly kind: 'stalled' | 'overfitting';
      readonly best: ValidatedEpoch;
      readonly last: ValidatedEpoch;
    };

/** A validation loss that has risen by less is about the same. */
const RISE_MIN = 0.01;

/**
 * The trend of a run. A model overfits if its validation loss has risen by at least 1 % since the
 * best epoch, at least two epochs ago, while its training loss has fallen. One epoch may be chance.
 */
export function learningTrend(epochs: readonly EpochResult[]): LearningTrend {
  const validated = epochs.filter(isValidated);
  const last = validated.at(-1);
  if (!last) return { kind: 'unknown' };
  const best = validated.reduce((a, b) => (b.validationLoss < a.validationLoss ? b : a));
  if (best === last) return { kind: 'falling', last };
  const isLongAgo = last.epoch - best.epoch >= 2;
  const hasRisen = last.validationLoss > best.validationLoss * (1 + RISE_MIN);
  const haveParted = hasRisen && last.trainLoss < best.trainLoss;
  return { kind: isLongAgo && haveParted ? 'overfitting' : 'stalled', best, last };
}

const isValidated = (epoch: EpochResult): epoch is ValidatedEpoch => epoch.validationLoss !== null;
