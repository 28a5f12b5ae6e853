import type { LayerActivity } from '../../../../../shared/study/unit-activity.ts';
import { stateOf } from './unit-states.ts';

/** What all units did with the parameters after a step. */
export interface HistoryRow {
  readonly step: number;
  readonly layers: readonly LayerActivity[];
}

/**
 * Adds a row, in the order of the steps. If there are more than `most`, the row goes whose
 * neighbors are nearest to each other; the first and the last row stay.
 */
export function addRow(
  rows: readonly HistoryRow[],
  row: HistoryRow,
  most: number,
): readonly HistoryRow[] {
  if (rows.some(({ step }) => step === row.step)) return rows;
  const all = [...rows, row].sort((a, b) => a.step - b.step);
  if (all.length <= most) return all;
  const gaps = all.slice(2).map(({ step }, i) => step - all[i].step);
  const nearest = gaps.indexOf(Math.min(...gaps)) + 1;
  return all.filter((_, i) => i !== nearest);
}

/**
 * The first of the newest rows in a row in which a unit is dead or saturated. Undefined if it is
 * not so in the newest one.
 */
export function badSince(
  rows: readonly HistoryRow[],
  layer: number,
  unit: number,
): number | undefined {
  let since: number | undefined;
  for (const { step, layers } of rows.toReversed()) {
    const state = stateOf(layers[layer].function, layers[layer].parts[unit]);
    if (state !== 'dead' && state !== 'saturated') break;
    since = step;
  }
  return since;
}
