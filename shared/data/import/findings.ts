import type { ImportedDataset } from './assemble.ts';

/** How many examples a class has. */
export interface ClassCount {
  readonly name: string;
  readonly training: number;
  readonly test: number;
}

/** What a model has to beat, and what may mislead it. */
export interface Findings {
  readonly trainingExamples: number;
  readonly testExamples: number;
  /** Empty if the target is a number. */
  readonly classes: readonly ClassCount[];
  /** The largest class of the training set in sizes of the smallest. Undefined for a number. */
  readonly imbalance: number | undefined;
  readonly duplicates: number;
  readonly baseline: Baseline;
}

/** What one gets without looking at the inputs. */
export type Baseline =
  /** The accuracy on the test set of always saying the most frequent class for training. */
  | { readonly kind: 'most frequent'; readonly name: string; readonly accuracy: number }
  /** The errors on the test set, in the target's units, of always saying the mean for training. */
  | { readonly kind: 'mean'; readonly value: number; readonly rmse: number; readonly mae: number };

/** Counts what a dataset has. */
export function findingsOf({ definition, train, test, duplicates }: ImportedDataset): Findings {
  const counts = { trainingExamples: train.count, testExamples: test.count, duplicates };
  if ('target' in definition) {
    const { mean, deviation } = definition.target;
    // Standardized, the mean is 0.
    const errors = Array.from(test.labels, (value) => Math.abs(value) * deviation);
    const average = (values: readonly number[]) =>
      values.reduce((sum, value) => sum + value, 0) / values.length;
    const rmse = Math.sqrt(average(errors.map((error) => error ** 2)));
    const baseline = { kind: 'mean', value: mean, rmse, mae: average(errors) } as const;
    return { ...counts, classes: [], imbalance: undefined, baseline };
  }
  const [training, tested] = [train, test].map(({ labels }) => {
    const byLabel = new Array<number>(definition.classNames.length).fill(0);
    for (const label of labels) byLabel[label]++;
    return byLabel;
  });
  const sizes = training.reduce(
    ({ least, most }, count) => ({ least: Math.min(least, count), most: Math.max(most, count) }),
    { least: Infinity, most: 0 },
  );
  const frequent = training.indexOf(sizes.most);
  return {
    ...counts,
    classes: definition.classNames.map((name, label) => ({
      name,
      training: training[label],
      test: tested[label],
    })),
    imbalance: sizes.most / sizes.least,
    baseline: {
      kind: 'most frequent',
      name: definition.classNames[frequent],
      accuracy: tested[frequent] / test.count,
    },
  };
}
