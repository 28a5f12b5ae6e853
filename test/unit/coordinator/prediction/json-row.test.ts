import { describe, expect, test } from 'vitest';
import { createRowReader } from '../../../../coordinator/prediction/json-row.ts';
import type { TableColumn } from '../../../../shared/data/manifest.ts';

const columns: TableColumn[] = [
  { name: 'age', kind: 'number', mean: 10, deviation: 2, indicator: true },
  { name: 'city', kind: 'text', values: ['Bern'] },
];
const read = createRowReader({ inputCount: 4, columns });

describe('a row in JSON', () => {
  test('has its cells by name, or in order', () => {
    expect([...read({ row: { city: 'Bern', age: 12, id: 7 } })]).toEqual([1, 0, 1, 0]);
    expect([...read({ row: [12, 'Bern'] })]).toEqual([1, 0, 1, 0]);
    expect([...read({ row: [null, null] })]).toEqual([0, 1, 0, 1]);
    expect([...read({ row: { age: '14', city: 'Basel' } })]).toEqual([2, 0, 0, 1]);
  });

  test('is taken as it is without columns', () => {
    const plain = createRowReader({ inputCount: 2, columns: undefined });
    expect([...plain({ row: [0.5, -3] })]).toEqual([0.5, -3]);
  });

  test.for([
    [{ row: [1] }, 'row has 1 cells: send 2, or {"row": {"age": …}}'],
    [{ row: { age: 1 } }, 'it lacks the column of training city'],
    [{ row: ['old', 'Bern'] }, 'column age: "old" is not a number'],
    [{ pixels: [] }, 'send {"row": {"age": …}}'],
    [[], 'send {"row": {"age": …}}'],
  ] as const)('is refused: %j', ([json, message]) => {
    expect(() => read(json)).toThrow(message);
  });
});
