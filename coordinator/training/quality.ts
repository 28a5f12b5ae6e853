import * as z from 'zod';
import type { Dataset, ExampleSet } from '../../shared/data/dataset.ts';
import type { DatasetManifest } from '../../shared/data/manifest.ts';
import { isRegression, varianceOf } from '../../shared/data/target.ts';
import type { Measures } from '../../shared/round/workload.ts';

/** How far predicted numbers are from the targets, in the unit of the target. */
export const RegressionErrors = z.strictObject({
  /** The root of the mean squared error. */
  rmse: z.number().nonnegative(),
  /** The mean absolute error. */
  mae: z.number().nonnegative(),
  /** 1 - the squared error / that of always saying the mean of these targets; 0 if all are equal */
  r2: z.number(),
});
export type RegressionErrors = z.infer<typeof RegressionErrors>;

/** How good predictions are: right classes, or errors of numbers. */
export interface Quality {
  /** Null if the target is a number. */
  readonly accuracy: number | null;
  /** Absent if the target is a class. */
  readonly errors?: RegressionErrors | undefined;
}

type Sums = Pick<Measures, 'correctCount' | 'squaredErrorSum' | 'absoluteErrorSum'>;

/**
 * The quality of predictions for `count` examples. The variance is that of their standardized
 * targets, about their own mean. It is asked for only if targets are numbers.
 */
export function qualityOf(
  manifest: DatasetManifest,
  { correctCount, squaredErrorSum, absoluteErrorSum }: Sums,
  count: number,
  varianceOfTargets: () => number,
): Quality {
  if (!isRegression(manifest)) return { accuracy: correctCount / count };
  const { deviation } = manifest.target;
  const variance = varianceOfTargets();
  const errors = {
    rmse: deviation * Math.sqrt(squaredErrorSum / count),
    mae: (deviation * absoluteErrorSum) / count,
    r2: variance > 0 ? 1 - squaredErrorSum / count / variance : 0,
  };
  return { accuracy: null, errors };
}

/**
 * The quality on the test set of a model that learned nothing: it always says the most frequent
 * class of the training set, or the mean of its targets.
 */
export function baselineOf({ manifest, train, test }: Dataset): Quality {
  const { labels, count } = test;
  const sums = { correctCount: 0, squaredErrorSum: 0, absoluteErrorSum: 0 };
  if (isRegression(manifest)) {
    // The mean of standardized targets is 0.
    for (const target of labels) {
      sums.squaredErrorSum += target * target;
      sums.absoluteErrorSum += Math.abs(target);
    }
  } else {
    const most = mostFrequent(train.labels, manifest.classNames.length);
    for (const label of labels) if (label === most) sums.correctCount++;
  }
  return qualityOf(manifest, sums, count, () => varianceOf(labels));
}

function mostFrequent(labels: ExampleSet['labels'], classCount: number): number {
  const counts = new Uint32Array(classCount);
  for (const label of labels) counts[label]++;
  return counts.indexOf(Math.max(...counts));
}
