import { expect, test } from 'vitest';
import { rowOf } from '../../../../../../../coordinator/dashboard/page/study/example/table-row.ts';
import type { TableColumn } from '../../../../../../../shared/data/manifest.ts';

const measured = { mean: 100, deviation: 20 };
const columns: TableColumn[] = [
  { kind: 'number', name: 'area', ...measured, indicator: false },
  { kind: 'number', name: 'age', ...measured, indicator: true },
  { kind: 'text', name: 'city', values: ['Bern', 'Basel'] },
  { kind: 'date', name: 'built', ...measured, indicator: false },
];

test('the inputs of a table are the row that they were made of', () => {
  expect(rowOf(columns, [1.5, -6, 0, 0, 1, 0, -5])).toEqual([
    ['area', '130'],
    ['age', '−20'],
    ['city', 'Basel'],
    ['built', '1970-01-01'],
  ]);
});

test('a value is missing, and a text is none of those known', () => {
  expect(rowOf(columns, [0, 0, 1, 0, 0, 1, 0])).toEqual([
    ['area', '100'],
    ['age', 'missing'],
    ['city', 'another text'],
    ['built', '1970-04-11'],
  ]);
});
