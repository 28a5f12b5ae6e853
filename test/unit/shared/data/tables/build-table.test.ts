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

  test('reads dates with slashes where one of them tells the order', async () => {
    const { columns, notes } = await tableOf([
      ['sold', 'born', 'seen'],
      ['1/2/1970', '2/1/1970', '1970-01-02'],
      ['', '', '1/3/1970'],
      ['1/13/1970', '13/1/1970', '1/14/1970'],
    ]);
    expect(columns).toMatchObject([
      { kind: 'date', first: 'month', values: Float64Array.of(1, Number.NaN, 12) },
      { kind: 'date', first: 'day', values: Float64Array.of(1, Number.NaN, 12) },
      { kind: 'date', first: 'month', values: Float64Array.of(1, 2, 13) },
    ]);
    expect(notes).toEqual([
      'column sold has dates with the month first, such as 1/2/1970',
      'column born has dates with the day first, such as 2/1/1970',
      'column seen has dates with the month first, such as 1/3/1970',
    ]);
  });

  test('says when no order of dates with slashes is right, or both are', async () => {
    const { columns, notes } = await tableOf([
      ['a', 'b'],
      ['1/2/1970', '13/1/1970'],
      ['12/12/1970', '1/13/1970'],
    ]);
    expect(columns.map(({ kind }) => kind)).toEqual(['text', 'text']);
    const advice = ': it is taken for text. For dates, write 2026-11-26.';
    const [both, none] = ['and none tells whether', 'some with the month first'];
    expect(notes).toEqual([
      `column a has dates such as 1/2/1970, ${both} the month or the day is first${advice}`,
      `column b has dates such as 13/1/1970, ${none} and some with the day first${advice}`,
    ]);
  });

  test('refuses what is not finite, and a table without rows', async () => {
    await expect(tableOf([['x'], ['1'], ['Infinity']])).rejects.toThrow(
      'line 3, column x: "Infinity" is not a finite number. Correct it, or leave the cell empty.',
    );
    await expect(tableOf([['x']])).rejects.toThrow('the table has no rows');
  });
});
