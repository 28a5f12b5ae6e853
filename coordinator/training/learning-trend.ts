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

/** So many epochs are compared. One or two may be chance. */
const EPOCHS_MIN = 3;
/** Their mean may rise, and the training loss may fall, by such a part by chance. */
const RISE_MIN = 0.02;
const FALL_MIN = 0.01;

/**
 * The trend of a run of which so many examples are held out. A model overfits if the mean
 * validation loss of three epochs since the best one is 2 % above the lowest mean of three
 * successive epochs, while the training loss has fallen. A loss that jumps up and down has a mean
 * that still falls. The loss of a few examples changes by chance: of n examples, it must have risen
 * by 1 / √n of itself.
 */
export function learningTrend(
  epochs: readonly EpochResult[],
  validationExamples: number,
): LearningTrend {
  const validated = epochs.filter(isValidated);
  const last = validated.at(-1);
  if (!last) return { kind: 'unknown' };
  const best = validated.reduce((a, b) => (b.validationLoss < a.validationLoss ? b : a));
  if (best === last) return { kind: 'falling', last };
  const means = movingMeans(validated.map(({ validationLoss }) => validationLoss));
  const riseMin = Math.max(RISE_MIN, 1 / Math.sqrt(validationExamples));
  const hasRisen = (means.at(-1) ?? 0) > Math.min(...means) * (1 + riseMin);
  const hasFallen = last.trainLoss < best.trainLoss * (1 - FALL_MIN);
  const isLongAgo = validated.length - 1 - validated.indexOf(best) >= EPOCHS_MIN;
  const isOverfitting = isLongAgo && hasRisen && hasFallen;
  return { kind: isOverfitting ? 'overfitting' : 'stalled', best, last };
}

/** For how many epochs without a better one a run of so many epochs may wait, as advice. */
export const patienceFor = (epochs: number): number => Math.max(3, Math.round(epochs / 10));

/** The means of `EPOCHS_MIN` successive losses each. */
const movingMeans = (losses: readonly number[]): number[] =>
  losses.slice(EPOCHS_MIN - 1).map((_, index) => mean(losses.slice(index, index + EPOCHS_MIN)));

const mean = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length;

const isValidated = (epoch: EpochResult): epoch is ValidatedEpoch => epoch.validationLoss !== null;
