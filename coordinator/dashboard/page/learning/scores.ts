import type { EpochRecord } from '../../../training/progress.ts';
import type { RunFacts, RunView } from '../../model/run-view.ts';

/*
 * How good predictions are: the accuracy for classes, and R² for a number, which is 1 less the
 * squared error relative to that of always saying the mean. Both are at most 1.
 */

/** Whether the target of a run is a number. */
export const isOfNumber = (facts: RunFacts | undefined): boolean => facts?.classNames.length === 0;

export const scoreName = ({ facts }: Pick<RunView, 'facts'>): string =>
  isOfNumber(facts) ? 'R²' : 'accuracy';

/** An epoch with R² in place of the accuracies, if the target is a number. */
export const withScores = (epoch: EpochRecord): EpochRecord => ({
  ...epoch,
  trainAccuracy: epoch.trainAccuracy ?? epoch.trainErrors?.r2 ?? null,
  validationAccuracy: epoch.validationAccuracy ?? epoch.validationErrors?.r2 ?? null,
  testAccuracy: epoch.testAccuracy ?? epoch.testErrors?.r2 ?? null,
});
