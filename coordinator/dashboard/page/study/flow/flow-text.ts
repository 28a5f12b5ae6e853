import { formatCount } from '../../format.ts';
import type { FlowRow } from './flow.ts';

/** From this ratio of two layers' gradients on, they vanish or explode. */
const RATIO_MAX = 100;
/** A gradient that is longer than this makes steps that lead nowhere. */
const NORM_MAX = 100;

const ADVICE = {
  none: '',
  fine: '',
  vanish:
    'ReLU instead of sigmoid or tanh, initial weights that fit (He, Glorot), batch ' +
    'normalization, or fewer layers help.',
  explode: 'Smaller initial weights, a limit for the gradient (--clip-norm), or batch norm help.',
} as const;

/** What happens to the gradient on its way from the last layer to the first. */
export interface FlowVerdict {
  readonly kind: keyof typeof ADVICE;
  readonly sentence: string;
  readonly advice: string;
}

/** "3,000", "4.2". */
export const formatTimes = (ratio: number): string =>
  ratio >= 9.95 ? formatCount(Number(ratio.toPrecision(2))) : String(Number(ratio.toPrecision(2)));

/** `rows` are from the last layer to the first. Judges the newest sample. */
export function judgeFlow(rows: readonly Pick<FlowRow, 'name' | 'hasWeights' | 'gradients'>[]) {
  const weighty = rows.filter(({ hasWeights }) => hasWeights);
  const norms = weighty.map(({ gradients }) => gradients.at(-1) ?? Number.NaN);
  const [last, first] = [weighty[0]?.name, weighty.at(-1)?.name];
  const ratio = norms[0] / norms[norms.length - 1];
  const verdict = (kind: FlowVerdict['kind'], sentence: string): FlowVerdict => ({
    kind,
    sentence,
    advice: ADVICE[kind],
  });
  if (weighty.length < 2)
    return verdict('none', 'Only one layer learns, so no gradient flows through another.');
  if (norms.some((norm) => !Number.isFinite(norm)))
    return verdict('none', 'The gradient is not known.');
  if (norms.every((norm) => norm === 0)) return verdict('none', 'The gradient is 0 everywhere.');
  if (norms.at(-1) === 0)
    return verdict('vanish', `No gradient reaches ${first}: it learns nothing.`);
  if (ratio >= RATIO_MAX)
    return verdict(
      'vanish',
      `Gradients vanish: that of ${first} is ${formatTimes(ratio)} times smaller than that of ` +
        `${last}.`,
    );
  if (ratio <= 1 / RATIO_MAX)
    return verdict(
      'explode',
      `Gradients explode: that of ${first} is ${formatTimes(1 / ratio)} times larger than that ` +
        `of ${last}.`,
    );
  const largest = norms.indexOf(Math.max(...norms));
  if (norms[largest] > NORM_MAX)
    return verdict(
      'explode',
      `Gradients explode: that of ${weighty[largest].name} has the norm ` +
        `${formatTimes(norms[largest])}.`,
    );
  const spread = Math.max(...norms) / Math.min(...norms);
  return verdict(
    'fine',
    `The gradients of all layers are within a factor of ${formatTimes(spread)} of one another.`,
  );
}

/** Which layer changes least. Undefined if that is not known. */
export function slowestSentence(rows: readonly FlowRow[], span: string): string | undefined {
  const known = rows.filter(({ updates }) => Number.isFinite(updates.at(-1)));
  if (known.length < 2) return undefined;
  const updateOf = ({ updates }: FlowRow) => updates.at(-1) ?? 0;
  const slowest = known.reduce((a, b) => (updateOf(b) < updateOf(a) ? b : a));
  const change = formatPart(updateOf(slowest));
  return `${slowest.name} learns slowest: ${span} changed it by ${change} of its length.`;
}

/** "0.012 %", "1.2e-7 %". */
export const formatPart = (part: number): string =>
  `${Number((100 * part).toPrecision(2)).toString()} %`;
