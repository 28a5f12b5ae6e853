import { formatNumber, formatPercent } from '../../shared/cli/format.ts';
import { pictureLines } from '../../shared/cli/picture-lines.ts';
import type { DatasetManifest } from '../../shared/data/manifest.ts';
import { inputNamesOf, inUnit, isRegression } from '../../shared/data/target.ts';
import { viewOf } from '../../shared/engine/layers/layer.ts';
import type { ModelPlan } from '../../shared/engine/model/model-plan.ts';
import type { ExampleStudy, LayerStudy } from '../../shared/study/example-study.ts';

const BAR_WIDTH = 30;
/** An example with smaller differences is known, and the next step hardly changes anything. */
const KNOWN_MAX = 0.005;

/**
 * What a net does with one example, forward and backward, as lines for people. `hardestCommand`
 * shows one that it does not know.
 */
export function lookLines(
  study: ExampleStudy,
  { spec }: ModelPlan,
  manifest: DatasetManifest,
  hardestCommand: string,
): string[] {
  const { pixels, label, prediction, loss } = study;
  // A number is the only output, so it stands for the class.
  const isNumber = isRegression(manifest);
  const classNames = isNumber ? [manifest.target.name] : manifest.classNames;
  const verdict = isNumber
    ? `The net says ${formatNumber(inUnit(manifest, prediction))}; right is ` +
      `${formatNumber(inUnit(manifest, label))}.`
    : `The net says ${classNames[prediction]}, and is ${prediction === label ? 'right' : 'wrong'}.`;
  const isTable = spec.input.height * spec.input.width === 1;
  const shown = isTable ? featureLines(pixels, manifest) : pictureLines(pixels, spec.input);
  return [
    ...shown.map((line) => `  ${line}`),
    '',
    `${verdict} Its loss for this example is ${numberText(loss)}.`,
    '',
    ...nudgeLines(study, classNames),
    '',
    isNumber
      ? 'The output is nudged in proportion to how far it is from the desired one.'
      : isKnown(study)
        ? 'The net knows this example: no output is far from the desired one, so hardly any\n' +
          `error goes back. An example with more to see: ${hardestCommand}`
        : nudgeSentence(study, classNames),
    '',
    ...backwardLines(study),
  ];
}

/** So many features are shown, the largest first. */
const FEATURES_SHOWN = 12;
const OUTPUTS_SHOWN = 20;

function featureLines(inputs: Float32Array, { columns }: DatasetManifest): string[] {
  const names = columns ? inputNamesOf(columns) : [];
  const rows = [...inputs].map((value, i) => ({ value, name: names[i] ?? `input ${i}` }));
  rows.sort((a, b) => Math.abs(b.value) - Math.abs(a.value));
  const left = rows.length - FEATURES_SHOWN;
  return [
    ...rows.slice(0, FEATURES_SHOWN).map(({ name, value }) => `${numberText(value)}  ${name}`),
    ...(left > 0 ? [`and ${left} smaller ones`] : []),
  ];
}

const isKnown = ({ outputs, targets }: ExampleStudy): boolean =>
  outputs.every((output, i) => Math.abs(output - targets[i]) < KNOWN_MAX);

/** A line per output, those that differ most from the desired ones first. */
function nudgeLines({ outputs, targets }: ExampleStudy, classNames: readonly string[]): string[] {
  const what = classNames.length === 1 ? 'target' : 'class';
  const rows = [...outputs].map((output, i) => ({ i, output, difference: output - targets[i] }));
  const largest = Math.max(...rows.map(({ difference }) => Math.abs(difference)));
  rows.sort((a, b) => Math.abs(b.difference) - Math.abs(a.difference));
  const shown = rows.slice(0, OUTPUTS_SHOWN);
  const width = Math.max(what.length, ...shown.map(({ i }) => classNames[i].length));
  const header = `  ${what.padEnd(width)}   output  desired  difference`;
  const left = rows.length - shown.length;
  return [
    header,
    ...shown.map(({ i, output, difference }) => {
      const arrow = difference > 0 ? '▼' : '▲';
      const bar = '█'.repeat(Math.round((BAR_WIDTH * Math.abs(difference)) / (largest || 1)));
      const cells = [
        numberText(output).padStart(9),
        formatNumber(targets[i]).padStart(9),
        numberText(difference).padStart(12),
      ];
      return `  ${classNames[i].padEnd(width)}${cells.join('')}  ${arrow} ${bar}`.trimEnd();
    }),
    ...(left > 0 ? [`  and ${left} with smaller differences`] : []),
  ];
}

/** "0.2500", "-0.0012", "3.1e-7". */
const numberText = (value: number): string =>
  value !== 0 && Math.abs(value) < 5e-4 ? value.toExponential(1) : value.toFixed(4);

/** Which output is to decrease most, and why. */
function nudgeSentence(
  { outputs, targets, label }: ExampleStudy,
  classNames: readonly string[],
): string {
  const tooMuch = [...outputs].map((output, i) =>
    i === label ? Number.NEGATIVE_INFINITY : output - targets[i],
  );
  const worst = tooMuch.indexOf(Math.max(...tooMuch));
  return (
    `A step raises ${classNames[label]} and lowers the others, ${classNames[worst]} most.\n` +
    'Each output is nudged in proportion to how far it is from the desired one.'
  );
}

/** A line per layer, from the last to the first: how much of the error reaches it. */
function backwardLines({ layers, gradient }: ExampleStudy): string[] {
  const width = Math.max(...layers.map(({ planned }) => planned.name.length), 'layer'.length);
  return [
    'Backward, from the last layer to the first:',
    `  ${'layer'.padEnd(width)}   units   size of δ   size of ∂L/∂w`,
    ...layers.toReversed().map((layer) => {
      const cells = [
        String(layer.values.length).padStart(8),
        sizeText(layer.deltas).padStart(12),
        weightText(layer, gradient).padStart(16),
      ];
      return `  ${layer.planned.name.padEnd(width)}${cells.join('')}${silentText(layer)}`.trimEnd();
    }),
  ];
}

function weightText({ planned }: LayerStudy, gradient: Float32Array): string {
  const [weight] = planned.tensors;
  return weight ? sizeText(viewOf(gradient, weight)) : '';
}

/** The units of an activation that are 0, and so pass on no error. */
function silentText({ planned, values }: LayerStudy): string {
  if (planned.spec.type !== 'activation' || planned.spec.function !== 'relu') return '';
  const silent = values.filter((value) => value === 0).length;
  return `  ${formatPercent(silent / values.length)} of units are 0 and pass no error`;
}

/** The Euclidean norm, with three digits. */
function sizeText(values: Float32Array): string {
  const norm = Math.hypot(...chunkNorms(values));
  return norm === 0 ? '0' : Number(norm.toPrecision(3)).toString();
}

/** A function takes only so many arguments. */
function chunkNorms(values: Float32Array): number[] {
  const norms: number[] = [];
  for (let from = 0; from < values.length; from += 1024)
    norms.push(Math.hypot(...values.subarray(from, from + 1024)));
  return norms;
}
