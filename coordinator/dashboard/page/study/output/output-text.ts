import type { Loss } from '../../../../../shared/engine/model/model.ts';
import type { ExampleStudy } from '../../../../../shared/study/example-study.ts';

/** How far one output is from its target. */
export interface Difference {
  readonly label: number;
  readonly output: number;
  readonly target: number;
  /** output − target: what is above its target is to decrease. */
  readonly delta: number;
}

type Outputs = Pick<ExampleStudy, 'outputs' | 'targets'>;

export const differencesOf = ({ outputs, targets }: Outputs): Difference[] =>
  Array.from(outputs, (output, label) => {
    const target = targets[label];
    return { label, output, target, delta: output - target };
  });

/** The largest difference first, whatever its sign. */
export const bySize = (differences: readonly Difference[]): Difference[] =>
  differences.toSorted((a, b) => Math.abs(b.delta) - Math.abs(a.delta));

/** Those above their targets, the one that is to decrease most first. */
export const toDecrease = (differences: readonly Difference[]): Difference[] =>
  differences.filter(({ delta }) => delta > 0).toSorted((a, b) => b.delta - a.delta);

/** So many outputs are offered as answers. */
const CHOICES_MAX = 4;
const NEARLY_ZERO = 5e-5;

/**
 * The outputs that a reader chooses from, in the order of the classes. None if even the largest
 * difference is nearly zero.
 */
export function choicesOf(differences: readonly Difference[]): Difference[] {
  const [most, ...others] = toDecrease(differences);
  if (!most || most.delta < NEARLY_ZERO) return [];
  return [most, ...others].slice(0, CHOICES_MAX).toSorted((a, b) => a.label - b.label);
}

/** "0.80", "−0.21", "0.004", or "≈ 0": an output or a difference. */
export function showNumber(value: number): string {
  const size = Math.abs(value);
  if (size !== 0 && size < NEARLY_ZERO) return '≈ 0';
  const digits = size >= 0.005 || size === 0 ? 2 : 1 - Math.floor(Math.log10(size) + 1);
  return value.toFixed(digits).replace('-', '−');
}

/** The sentence above the panel, once the answer is known. */
export function outputTitle(differences: readonly Difference[], names: readonly string[]): string {
  const [most] = toDecrease(differences);
  if (!most) return 'No output is to decrease: none is above its target.';
  if (most.delta < NEARLY_ZERO) return 'No output is to decrease: none is far above its target.';
  const { label, delta, output, target } = most;
  return (
    `“${names[label]}” is to decrease most, by ${showNumber(delta)}: ` +
    `its output is ${showNumber(output)} and is to be ${target}.`
  );
}

/** What a reader is told who has chosen an output; undefined: who wants to be told. */
export function answerText(
  differences: readonly Difference[],
  chosen: number | undefined,
  names: readonly string[],
): string {
  const [most] = toDecrease(differences);
  if (!most || most.delta < NEARLY_ZERO) return '';
  const far = (difference: Difference) =>
    `“${names[difference.label]}” is ${showNumber(difference.delta)} above its target`;
  if (chosen === undefined) return `${far(most)}, and no other output is further above.`;
  if (chosen === most.label) return `Yes: ${far(most)}, and no other output is further above.`;
  const times = most.delta / differences[chosen].delta;
  const factor = times < 1000 ? times.toFixed(times < 10 ? 1 : 0) : 'more than 1,000';
  return (
    `Not quite: ${far(differences[chosen])}, but ${far(most)}. ` +
    `So its nudge is ${factor} times as large.`
  );
}

/** Why the difference says how much an output is to change. */
export const WHY: Readonly<Record<Loss, string>> = {
  'cross-entropy':
    'Each arrow is a nudge, in proportion to δ = output − target. The outputs are probabilities: ' +
    'softmax(z) of the last layer’s sums z. With the cross-entropy L = −ln(output of the right ' +
    'class), ∂L/∂z is just this δ. All δ add up to 0: what the wrong classes lose, the right one ' +
    'gains.',
  'squared-error':
    'Each arrow is a nudge, in proportion to δ = output − target. With the squared error ' +
    'L = ½ Σ (output − target)², ∂L/∂output is just this δ.',
  huber:
    'The arrow is a nudge along δ = output − target, at most 1 deviation of the target long. ' +
    'With the Huber loss, far outliers pull no harder than near ones.',
};

/** What steps on one example have done. */
export function nudgeText(losses: readonly number[], rate: number): string {
  const steps = losses.length - 1;
  const [before, after] = [losses[0], losses[steps]];
  const many = steps === 1 ? 'One step' : `${steps} steps`;
  return (
    `${many} w ← w − η · ∂L/∂w on this example alone, with η = ${rate}: its loss ` +
    `${lossText(before, after)} One example alone is soon ` +
    'learned. A step of the run takes the mean of many. The run itself goes on without these steps.'
  );
}

function lossText(before: number, after: number): string {
  if (!Number.isFinite(after)) return 'is no number anymore. η is far too large.';
  const values = `from ${before.toPrecision(4)} to ${after.toPrecision(4)}.`;
  if (after > before) return `rises ${values} The gradient holds only nearby: η is too large.`;
  return `${after < before ? 'falls' : 'stays'} ${values}`;
}
