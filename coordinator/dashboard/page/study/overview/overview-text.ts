import type { RegressionManifest } from '../../../../../shared/data/manifest.ts';
import { inUnit } from '../../../../../shared/data/target.ts';
import type { ExampleStudy } from '../../../../../shared/study/example-study.ts';
import type { SetStudy } from '../../../../../shared/study/set-study.ts';
import type { RunView } from '../../../model/run-view.ts';
import { formatCount, formatPercent, shortNumber } from '../../format.ts';

/** "The net after step 860 (2.0 epochs)." A report does not know the steps per epoch: 0. */
export function stepText(step: number, stepsPerEpoch: number): string {
  if (step === 0) return 'The net before its first step: its weights are random.';
  if (stepsPerEpoch === 0) return `The net after step ${formatCount(step)}.`;
  const epochs = (step / stepsPerEpoch).toFixed(step < stepsPerEpoch ? 2 : 1);
  return `The net after step ${formatCount(step)} (${epochs} epochs).`;
}

/** What the net says about an example, and whether it is right. */
export function predictionText(
  { label, prediction, outputs }: ExampleStudy,
  names: readonly string[],
): string {
  const output = outputs[prediction].toFixed(2);
  if (label === prediction) return `The net says “${names[label]}”, too: its output is ${output}.`;
  return (
    `The net says “${names[prediction]}” (output ${output}). ` +
    `That is wrong: “${names[label]}” has ${outputs[label].toFixed(2)}.`
  );
}

/** What the net says about an example whose target is a number, in the unit of the target. */
export function numberText(
  { label, prediction }: ExampleStudy,
  manifest: RegressionManifest,
): string {
  const { name, deviation } = manifest.target;
  const off = shortNumber(deviation * Math.abs(prediction - label));
  return `The net says ${name} ${shortNumber(inUnit(manifest, prediction))}, which is ${off} off.`;
}

/** How many examples are wrong. */
export function wrongText({ labels, predictions }: SetStudy): string {
  const wrong = labels.filter((label, i) => label !== predictions[i]).length;
  const part = formatPercent(wrong / labels.length);
  return `${formatCount(wrong)} of ${formatCount(labels.length)} are wrong (${part}).`;
}

/** The next example after `index` whose prediction is wrong, from the start again after the end. */
export function nextWrong({ labels, predictions }: SetStudy, index: number): number | undefined {
  const { length } = labels;
  const order = Array.from({ length }, (_, i) => (index + 1 + i) % length);
  return order.find((i) => labels[i] !== predictions[i]);
}

/** The index that a text names, within the first `count` examples. */
export const indexFrom = (text: string, count: number): number =>
  Math.max(0, Math.min(count - 1, Math.trunc(Number(text)) || 0));

/** Where a reader is among the kept checkpoints; `at` their number: behind all of them. */
export function keptText(keptSteps: readonly number[], at: number): string {
  const count = keptSteps.length;
  if (at < count) return `${at + 1} of ${count}: step ${formatCount(keptSteps[at])}`;
  return count === 1 ? '1 is kept' : `${count} are kept`;
}

/** What the run has said about its learning and when, the newest first, as sentences. */
export const learningWarnings = ({ incidents }: Pick<RunView, 'incidents'>): string[] =>
  incidents
    .filter(({ kind }) => kind === 'learning')
    .map(({ step, message }) => `After step ${formatCount(step)}: ${message.replace(/\.?$/, '.')}`)
    .reverse();
