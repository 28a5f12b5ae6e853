import type { Labels } from '../../../../../shared/data/dataset.ts';
import type { StrongestExamples } from '../../../../../shared/study/strongest-examples.ts';
import { formatQuantity } from '../../format.ts';

/** From this part of the strongest examples on, a unit looks for their class. */
const PART_MIN = 0.6;

export interface LooksFor {
  /** What the unit looks for. */
  readonly sentence: string;
  /** Its outputs there, and in the mean over each class. */
  readonly detail: string;
}

/** `labels` are those of the set, and `names` those of the classes. */
export function looksFor(
  { indices, values, perUnit, classMeans }: StrongestExamples,
  unit: number,
  labels: Labels,
  names: readonly string[],
  layer: string,
): LooksFor {
  const name = `Unit ${unit} of ${layer}`;
  const own = <Values extends Uint32Array | Float32Array>(all: Values) =>
    all.subarray(unit * perUnit, (unit + 1) * perUnit);
  const [first, last] = [own(values)[0], own(values)[perUnit - 1]];
  if (own(values).every((value) => value === 0))
    return {
      sentence: `${name} looks for nothing: its output is 0 for all examples.`,
      detail: '',
    };
  const counts = names.map(() => 0);
  for (const index of own(indices)) counts[labels[index]]++;
  const most = counts.indexOf(Math.max(...counts));
  const isOne = counts[most] >= PART_MIN * perUnit;
  const different = counts.filter((count) => count > 0).length;
  const sentence = isOne
    ? `${name} looks for “${names[most]}”: ${counts[most]} of its ` +
      `${formatQuantity(perUnit, 'strongest example')} ${counts[most] === 1 ? 'shows' : 'show'} it.`
    : `${name} looks for something that ${different} classes share: ${mix(counts, names)}.`;
  return { sentence, detail: `${detailOf(first, last)} ${meansOf(unit, classMeans, names)}` };
}

/** "4 × Coat, 3 × Shirt, 2 × Dress". */
const mix = (counts: readonly number[], names: readonly string[]): string =>
  [...counts.keys()]
    .filter((label) => counts[label] > 0)
    .sort((a, b) => counts[b] - counts[a])
    .map((label) => `${counts[label]} × ${names[label]}`)
    .join(', ');

const detailOf = (first: number, last: number): string =>
  `There its output is ${last.toPrecision(3)} to ${first.toPrecision(3)}.`;

function meansOf(unit: number, classMeans: Float32Array, names: readonly string[]): string {
  const means = [...classMeans.subarray(unit * names.length, (unit + 1) * names.length)];
  const known = [...means.keys()].filter((label) => !Number.isNaN(means[label]));
  if (known.length < 2) return '';
  const order = known.sort((a, b) => means[b] - means[a]);
  const [high, low] = [order[0], order[order.length - 1]];
  const text = (label: number) => `“${names[label]}” (${means[label].toPrecision(2)})`;
  return (
    `Of all classes, its mean output is largest for ${text(high)} ` +
    `and smallest for ${text(low)}.`
  );
}
