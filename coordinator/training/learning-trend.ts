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
/** So many epochs are needed to judge. One or two may be chance. */
const EPOCHS_MIN = 3;

/**
 * The trend of a run. A model overfits if the validation losses of three epochs since the best one
 * have all risen by at least 1 %, and so has their mean since three successive epochs before, while
 * the training loss has fallen. A loss that jumps up and down has a mean that still falls.
 */
export function learningTrend(epochs: readonly EpochResult[]): LearningTrend {
  const validated = epochs.filter(isValidated);
  const last = validated.at(-1);
  if (!last) return { kind: 'unknown' };
  const best = validated.reduce((a, b) => (b.validationLoss < a.validationLoss ? b : a));
  if (best === last) return { kind: 'falling', last };
  const losses = validated.map(({ validationLoss }) => validationLoss);
  const recent = losses.slice(validated.indexOf(best) + 1).slice(-EPOCHS_MIN);
  const haveRisen =
    recent.length === EPOCHS_MIN &&
    hasRisen(best.validationLoss, Math.min(...recent)) &&
    hasRisen(Math.min(...movingMeans(losses)), mean(recent));
  const isOverfitting = haveRisen && last.trainLoss < best.trainLoss;
  return { kind: isOverfitting ? 'overfitting' : 'stalled', best, last };
}

const hasRisen = (before: number, now: number): boolean => now > before * (1 + RISE_MIN);

/** The means of `EPOCHS_MIN` successive losses each. */
const movingMeans = (losses: readonly number[]): number[] =>
  losses.slice(EPOCHS_MIN - 1).map((_, index) => mean(losses.slice(index, index + EPOCHS_MIN)));

const mean = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length;

const isValidated = (epoch: EpochResult): epoch is ValidatedEpoch => epoch.validationLoss !== null;
