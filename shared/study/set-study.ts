/** What a net says about each example of a set. */
export interface SetStudy {
  /** [count] */
  readonly labels: Uint8Array;
  /** [count]: the class of the largest output. */
  readonly predictions: Uint8Array;
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
