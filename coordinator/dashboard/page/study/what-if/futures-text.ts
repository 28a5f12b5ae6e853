import { formatCount, formatLoss, formatQuantity } from '../../format.ts';
import { type Table, tableFrom } from '../../panel/table.ts';
import type { Futures } from './branch.ts';

/** The losses of so many steps are averaged: each one is of another batch. */
const AVERAGED = 10;

/** The mean of the last losses; undefined if one is no number, or if there are none. */
export function lastLoss(losses: readonly number[]): number | undefined {
  const last = losses.slice(-AVERAGED);
  const mean = last.reduce((sum, loss) => sum + loss, 0) / last.length;
  return Number.isFinite(mean) ? mean : undefined;
}

/** Which future is better, in a sentence. */
export function futuresSentence({ factor, step, own, other, stepCount }: Futures): string {
  const steps = Math.max(own.length, other.length);
  const last = `the last ${Math.min(AVERAGED, steps)} of ${formatQuantity(steps, 'step')}`;
  const [ownLoss, otherLoss] = [lastLoss(own), lastLoss(other)];
  const rate = `${factor} times the learning rate`;
  const survived = formatQuantity(other.length - 1, 'step');
  if (otherLoss === undefined && other.length > 0 && other.length < stepCount)
    return `From step ${formatCount(step)} with ${rate}, training diverges after ${survived}.`;
  if (ownLoss === undefined || otherLoss === undefined)
    return `From step ${formatCount(step)}, training diverges.`;
  return (
    `From step ${formatCount(step)} with ${rate}, the mean loss of ${last} is ` +
    `${formatLoss(otherLoss)}; with the run’s own, ${formatLoss(ownLoss)}.`
  );
}

/**
 * From where to where a branch is above the upper edge of the chart, in steps, and how far;
 * undefined if it is not.
 */
export function offChart(
  losses: readonly number[],
  yTo: number,
): { readonly from: number; readonly to: number; readonly text: string } | undefined {
  const from = losses.findIndex((loss) => !(loss <= yTo));
  if (from < 0) return undefined;
  const to = losses.findLastIndex((loss) => !(loss <= yTo));
  const end = losses.findIndex((loss) => !Number.isFinite(loss));
  if (end >= 0)
    return { from, to, text: `↑ diverges: no number after ${formatQuantity(end, 'step')}` };
  return { from, to, text: `↑ up to ${formatLoss(Math.max(...losses))}` };
}

/** A row for each step. */
export function futuresTable(futures: Futures | undefined): Table {
  const { step, own, other, factor } = futures ?? { step: 0, own: [], other: [], factor: 10 };
  const rows = Array.from({ length: Math.max(own.length, other.length) }, (_, i) => i);
  const at = (losses: readonly number[], i: number) =>
    Number.isFinite(losses[i]) ? losses[i] : null;
  return tableFrom(rows, [
    ['step', (i) => step + i],
    ['loss, the run’s own rate', (i) => at(own, i), formatLoss],
    [`loss, ${factor} times the rate`, (i) => at(other, i), formatLoss],
  ]);
}
