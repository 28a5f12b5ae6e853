import { describe, expect, test } from 'vitest';
import { tableOf } from '../../../../support/text-table.ts';

describe('a table', () => {
  test('has numbers, dates and texts, and knows what is missing', async () => {
    const { rowCount, columns } = await tableOf([
      ['age', 'day', 'city', 'none'],
      ['1', '1970-01-02', 'Bern', ''],
      ['', '?', 'Basel', 'NA'],
      ['2.5', '1970-01-01', 'Bern', ''],
    ]);
    expect(rowCount).toBe(3);
    expect(columns).toEqual([
      { name: 'age', kind: 'number', values: Float64Array.of(1, Number.NaN, 2.5) },
      { name: 'day', kind: 'date', values: Float64Array.of(1, Number.NaN, 0) },
      { name: 'city', kind: 'text', texts: ['Bern', 'Basel'], codes: Int32Array.of(0, 1, 0) },
      { name: 'none', kind: 'number', values: new Float64Array(3).fill(Number.NaN) },
    ]);
  });

  test('says that decimals stand after a comma', async () => {
    const { columns, notes } = await tableOf([['x'], ['1,5'], ['2']], true);
    expect(columns[0]).toMatchObject({ values: Float64Array.of(1.5, 2) });
    expect(notes).toEqual(['decimals stand after a comma']);
  });

  test('says which cell makes a column of numbers a text', async () => {
    const rows = [['x'], ...Array.from({ length: 30 }, (_, i) => [i === 7 ? 'oops' : String(i)])];
    const { columns, notes } = await tableOf(rows);
    expect(columns[0].kind).toBe('text');
    expect(notes).toEqual([expect.stringContaining('but also "oops" in line 9')]);
  });

  test('refuses what is not finite, and a table without rows', async () => {
    await expect(tableOf([['x'], ['1'], ['Infinity']])).rejects.toThrow(
      'line 3, column x: "Infinity" is not a finite number. Correct it, or leave the cell empty.',
    );
    await expect(tableOf([['x']])).rejects.toThrow('the table has no rows');
  });
});
