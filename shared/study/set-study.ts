import type { Labels } from '../data/dataset.ts';

/** What a net says about each example of a set. */
export interface SetStudy {
  /** [count]: the class, or the standardized target. */
  readonly labels: Labels;
  /** [count]: the class of the largest output, or the output. */
  readonly predictions: Labels;
  /** [count]: the loss of each example. */
  readonly losses: Float32Array;
  /** [count]: the output of the predicted class; a probability with cross-entropy. */
  readonly confidences: Float32Array;
}

/** The part of the examples whose prediction is right. */
export function accuracyOf({ labels, predictions }: SetStudy): number {
  return labels.filter((label, i) => label === predictions[i]).length / labels.length;
}

/** The number of examples per class and predicted class: `confusion[label][prediction]`. */
export function confusionOf({ labels, predictions }: SetStudy, classCount: number): number[][] {
  const confusion = Array.from({ length: classCount }, () => new Array<number>(classCount).fill(0));
  for (const [i, label] of labels.entries()) confusion[label][predictions[i]]++;
  return confusion;
}

/** The mean loss over the examples. */
export const lossOf = ({ losses }: SetStudy): number =>
  losses.reduce((sum, loss) => sum + loss, 0) / losses.length;

/** The class that the net says for every example; undefined if it says several. */
export function onlyPrediction({ predictions }: SetStudy): number | undefined {
  const [first] = predictions;
  return predictions.every((each) => each === first) ? first : undefined;
}

/** A number of examples of one class that are taken for another. */
export interface Confusion {
  readonly label: number;
  readonly prediction: number;
  readonly count: number;
  /** The part of all examples with this label. */
  readonly part: number;
}

/** The two classes that are confused most often; undefined if every prediction is right. */
export function mostFrequentConfusion(
  confusion: readonly (readonly number[])[],
): Confusion | undefined {
  let most: Confusion | undefined;
  for (const [label, counts] of confusion.entries()) {
    const all = counts.reduce((sum, count) => sum + count, 0);
    for (const [prediction, count] of counts.entries())
      if (label !== prediction && count > (most?.count ?? 0))
        most = { label, prediction, count, part: count / all };
  }
  return most;
}

/** The examples of a cell of the confusion matrix, the surest predictions first. */
export function examplesOfCell(
  { labels, predictions, confidences }: SetStudy,
  label: number,
  prediction: number,
): number[] {
  const places = [...labels.keys()].filter(
    (i) => labels[i] === label && predictions[i] === prediction,
  );
  return places.sort((a, b) => confidences[b] - confidences[a] || a - b);
}

/** The `count` examples with the highest loss, the highest first. Losses of NaN lead. */
export function hardestExamples({ losses }: SetStudy, count: number): number[] {
  const rank = (i: number) => (Number.isNaN(losses[i]) ? Number.POSITIVE_INFINITY : losses[i]);
  const order = (a: number, b: number) => (rank(a) === rank(b) ? a - b : rank(b) - rank(a));
  return [...losses.keys()].sort(order).slice(0, count);
}

/** Joins studies of parts of a set, in their order. */
export function joinStudies(parts: readonly SetStudy[]): SetStudy {
  const floats = (values: (part: SetStudy) => Labels) =>
    Float32Array.from(parts.flatMap((part) => [...values(part)]));
  return {
    labels: floats(({ labels }) => labels),
    predictions: floats(({ predictions }) => predictions),
    losses: floats(({ losses }) => losses),
    confidences: floats(({ confidences }) => confidences),
  };
}
