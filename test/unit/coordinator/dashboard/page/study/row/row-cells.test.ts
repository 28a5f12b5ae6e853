import { expect, test } from 'vitest';
import { rowOf } from '../../../../../../../coordinator/dashboard/page/study/row/row-cells.ts';
import type { TableColumn } from '../../../../../../../shared/data/manifest.ts';
import { createRowEncoder } from '../../../../../../../shared/data/tables/encode-row.ts';

const columns: readonly TableColumn[] = [
  { name: 'age', kind: 'number', mean: 41.3, deviation: 12.7, indicator: true },
  { name: 'city', kind: 'text', values: ['Basel', 'Bern'] },
  { name: 'sold', kind: 'date', mean: 19_000.4, deviation: 812.5, indicator: false },
];

test('the inputs of a row tell its cells', () => {
  const { encode, inputCount } = createRowEncoder(columns);
  const cellsOf = (...values: (number | string | undefined)[]) => {
    const inputs = new Float32Array(inputCount);
    encode(values, inputs, 0);
    return rowOf(columns, inputs).map(({ name, value }) => `${name}: ${value}`);
  };
  // 20,526 days after 1970-01-01 is 2026-03-14.
  expect(cellsOf(36.5, 'Bern', 20_526)).toEqual(['age: 36.5', 'city: Bern', 'sold: 2026-03-14']);
  expect(cellsOf(undefined, 'Paris', 0)).toEqual([
    'age: missing',
    'city: another, or none',
    'sold: 1970-01-01',
  ]);
});
