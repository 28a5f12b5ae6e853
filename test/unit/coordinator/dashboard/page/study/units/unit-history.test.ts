import { expect, test } from 'vitest';
import {
  addRow,
  badSince,
  type HistoryRow,
} from '../../../../../../../coordinator/dashboard/page/study/units/unit-history.ts';

const row = (step: number, ...parts: number[]): HistoryRow => ({
  step,
  layers: [{ name: 'a', function: 'relu', parts: Float32Array.from(parts) }],
});
const rowsOf = (...steps: number[]) =>
  steps.reduce<readonly HistoryRow[]>((rows, step) => addRow(rows, row(step), 4), []);

test('rows are in the order of their steps, each step once', () => {
  expect(rowsOf(8, 0, 4, 8).map(({ step }) => step)).toEqual([0, 4, 8]);
});

test('of too many, the one between the nearest neighbors goes', () => {
  expect(rowsOf(0, 100, 110, 200, 400).map(({ step }) => step)).toEqual([0, 100, 200, 400]);
  expect(rowsOf(0, 1, 2, 3, 4, 5, 6, 7, 8)).toHaveLength(4);
  expect(rowsOf(0, 1, 2, 3, 4, 5, 6, 7, 8)[0].step).toBe(0);
  expect(rowsOf(0, 1, 2, 3, 4, 5, 6, 7, 8)[3].step).toBe(8);
});

test('a unit is dead since the first of its newest dead rows', () => {
  const rows = [row(0, 0, 1), row(5, 0.5, 1), row(9, 0, 1), row(12, 0, 1)];
  expect(badSince(rows, 0, 0)).toBe(9);
  expect(badSince(rows, 0, 1)).toBeUndefined();
});
