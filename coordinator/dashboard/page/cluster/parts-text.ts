import { STEP_PARTS } from '../../../training/step-breakdown.ts';
import type { RunView } from '../../model/run-view.ts';
import { newestBreakdown } from '../../steps/newest-breakdown.ts';
import type { StepBucket } from '../../steps/step-history.ts';
import { PART_WORDS, wholeOf } from '../../steps/step-parts.ts';
import { formatMs, formatPercent } from '../format.ts';
import type { Table } from '../panel/table.ts';

/** This part of the buckets fits into the chart: a few long steps must not flatten the others. */
const SHOWN_PART = 0.9;

/** The rows of the chart: a value for each part, and the number of timed steps. */
export const PART_ROWS = STEP_PARTS.length + 1;

/** Adds the parts of a bucket, and its timed steps. */
export function addParts(values: Float64Array, { parts, timedSteps }: StepBucket): void {
  for (const [part, ms] of parts.entries()) values[part] += Math.max(0, ms);
  values[STEP_PARTS.length] += timedSteps;
}

/** Makes the sums of a column means over its timed steps. */
export function toMeans(values: Float64Array): void {
  const steps = values[STEP_PARTS.length];
  for (let part = 0; part < STEP_PARTS.length; part++) values[part] /= steps;
}

/** The upper edge of a chart of these buckets, in ms, and whether some are above it. */
export function topOf(timed: readonly StepBucket[]): { top: number; isCut: boolean } {
  const times = timed
    .map(({ parts, timedSteps }) => parts.reduce((sum, ms) => sum + ms, 0) / timedSteps)
    .sort((a, b) => a - b);
  const usual = times[Math.floor(SHOWN_PART * (times.length - 1))] ?? 0;
  const highest = times.at(-1) ?? 0;
  const isCut = highest > 1.5 * usual;
  return { top: (isCut ? 1.25 * usual : highest) || 1, isCut };
}

export function partsTitle({ facts, history }: RunView): string {
  if (facts?.hasCluster === false)
    return 'One process computes everything: nothing is handed out and nothing is sent.';
  const newest = newestBreakdown(history.all());
  if (!newest) return 'No step has been timed yet.';
  const { parts } = newest;
  const whole = wholeOf(parts);
  const [, ...others] = STEP_PARTS;
  const most = others.reduce((a, b) => (parts[b] > parts[a] ? b : a));
  const { name } = PART_WORDS[most];
  return (
    `${formatPercent(parts.compute / whole, 0)} of a step is computing; ` +
    `the largest other part is ${name}, ${formatMs(parts[most])} of ${formatMs(whole)}.`
  );
}

/** The mean parts of each bucket, in ms. */
export function partsTable({ history }: RunView): Table {
  const buckets = history.all().filter(({ timedSteps }) => timedSteps > 0);
  return {
    columns: [
      { name: 'from step' },
      { name: 'to step' },
      ...STEP_PARTS.map((part) => ({ name: PART_WORDS[part].name, unit: 'ms', show })),
    ],
    rows: buckets.map(({ from, to, parts, timedSteps }) => [
      from,
      to - 1,
      ...parts.map((ms) => ms / timedSteps),
    ]),
  };
}

const show = (ms: number): string => ms.toFixed(3);
