import type { Dataset, ExampleSet } from '../../shared/data/dataset.ts';
import { splitTrainingSet } from '../../shared/data/sampler.ts';
import { isRegression } from '../../shared/data/target.ts';
import { LockstepError } from '../../shared/errors.ts';
import { CLASS_WEIGHTS_MAX } from '../../shared/round/run-config.ts';

/** `balanced`, or the weight of each class. */
export type ClassWeights = 'balanced' | readonly number[];

/** The part of a run that decides which examples are trained with. */
interface Split {
  readonly validationCount: number;
  readonly seed: number;
}

/**
 * The weight of each class. Throws a `USAGE` error if their number is not that of the classes, or
 * there are too many classes.
 */
export function classWeightsFor(chosen: ClassWeights, dataset: Dataset, split: Split): number[] {
  const { name } = dataset.manifest;
  if (isRegression(dataset.manifest))
    throw usage(
      `--class-weights ${chosen}: ${name} has a number as target and no classes: ` +
        'leave the flag out.',
    );
  const count = dataset.manifest.classNames.length;
  if (count > CLASS_WEIGHTS_MAX)
    throw usage(
      `--class-weights ${chosen}: ${name} has ${count} classes, and weights are for at most ` +
        `${CLASS_WEIGHTS_MAX}: leave the flag out.`,
    );
  if (chosen === 'balanced') return balancedWeights(dataset.train, count, split);
  if (chosen.length === count) return [...chosen];
  throw usage(
    `--class-weights ${chosen} has ${chosen.length} weights, but ${name} has ${count} classes: ` +
      'give one for each, or balanced.',
  );
}

/**
 * examples / (classes · examples of the class), over the training examples that are not held out,
 * and the classes that these have. So each class has the same sum of weights, and the mean over the
 * examples is 1. A class without examples has the weight 1, which nothing uses.
 */
function balancedWeights(
  { count, labels }: ExampleSet,
  classCount: number,
  { validationCount, seed }: Split,
): number[] {
  const { training } = splitTrainingSet(count, validationCount, seed);
  const counts = Array.from({ length: classCount }, () => 0);
  for (const index of training) counts[labels[index]]++;
  const present = counts.filter((count) => count > 0).length;
  return counts.map((size) => (size > 0 ? training.length / (present * size) : 1));
}

const usage = (message: string): LockstepError => new LockstepError('USAGE', message);
