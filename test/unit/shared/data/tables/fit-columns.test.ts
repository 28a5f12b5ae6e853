import { describe, expect, test } from 'vitest';
import { fitColumns, standardize } from '../../../../../shared/data/tables/fit-columns.ts';
import { type Column, textColumn } from '../../../../../shared/data/tables/table.ts';
import { numbers } from '../../../../support/text-table.ts';

function inputsOf(columns: Column[], trainingRows: number[], kept: string[] = []) {
  const notes: string[] = [];
  const fitted = fitColumns(
    columns,
    columns.map((_, i) => i),
    Uint32Array.from(trainingRows),
    new Set(kept),
    (line) => notes.push(line),
  );
  return { fitted, columns: fitted.map(({ column }) => column), notes };
}

const { NaN: missing } = Number;

describe('columns become inputs', () => {
  test('by the mean and the deviation of the training rows alone', () => {
    const { columns } = inputsOf([numbers('x', 1, 3, 1000)], [0, 1]);
    expect(columns).toEqual([
      { name: 'x', kind: 'number', mean: 2, deviation: 1, indicator: false },
    ]);
  });

  test('with an indicator only where training rows are missing', () => {
    const [x, y] = inputsOf(
      [numbers('x', 1, missing, 3, 2), numbers('y', 1, 2, 3, missing)],
      [0, 1, 2],
    ).columns;
    expect(x).toMatchObject({ mean: 2, deviation: 1, indicator: true });
    expect(y).toMatchObject({ mean: 2, indicator: false });
  });

  test('with the sorted texts of the training rows', () => {
    const city = textColumn('city', ['b', 'é', 'a', undefined, 'z']);
    expect(inputsOf([city], [0, 1, 2, 3]).columns).toEqual([
      { name: 'city', kind: 'text', values: ['a', 'b', 'é'] },
    ]);
  });

  test('and dates, gaps and amounts are said', () => {
    const day: Column = { name: 'day', kind: 'date', values: Float64Array.of(1, 2, 4, 5) };
    const gaps = [numbers('x', missing, 2, missing, 3), numbers('y', 1, 2, 3, missing)];
    const price = textColumn('price', ['1.234,56 €', '12 €', '3,50 €', '12 €']);
    const { notes } = inputsOf([day, ...gaps, price], [0, 1, 2]);
    expect(notes).toEqual([
      'read as texts: price. For numbers, write 1234.56, without a currency, and with nothing ' +
        'between thousands.',
      'read as dates: day',
      'gaps in the 3 training rows are filled with the mean, and an input says where they were: ' +
        'x (2)',
    ]);
    expect(inputsOf([textColumn('zip', ['010', '020', '030'])], [0, 1, 2]).notes).toEqual([]);
  });

  test('unless they are the same in all training rows', () => {
    const same = [numbers('a', 0.1, 0.1, 0.1, 5), textColumn('b', ['x', 'x', 'x', 'y'])];
    const { columns, notes } = inputsOf([...same, numbers('c', 1, 2, 3, 4)], [0, 1, 2]);
    expect(columns.map(({ name }) => name)).toEqual(['c']);
    expect(notes).toEqual([
      'left out, because their values are the same in all training rows: a, b',
    ]);
    expect(() => inputsOf(same, [0, 1, 2])).toThrow('no column is left that differs');
  });

  test('of a constant, where only its absence tells something', () => {
    const [column] = inputsOf([numbers('x', 5, missing, 5)], [0, 1, 2]).columns;
    expect(column).toMatchObject({ mean: 5, deviation: 1, indicator: true });
  });

  test('unless they number the rows or name each of them', () => {
    const rows = Array.from({ length: 80 }, (_, i) => i);
    const columns = [
      numbers('id', ...rows.map((i) => i + 1)),
      textColumn(
        'name',
        rows.map((i) => `person ${i}`),
      ),
      textColumn(
        'born',
        rows.map((i) => `1/${1 + (i % 28)}/${1950 + i}`),
      ),
      numbers('x', ...rows.map((i) => i % 7)),
    ];
    const { columns: used, notes } = inputsOf(columns, rows);
    expect(used.map(({ name }) => name)).toEqual(['x']);
    expect(notes).toEqual([
      'left out, because it numbers the rows: id. --keep id takes it.',
      'left out, because 80 different texts tell little: name. --keep name takes it.',
      'left out, because 80 different texts tell little: born. For dates, write 2026-11-26.',
    ]);
    const kept = inputsOf(columns, rows, ['id', 'name']);
    expect(kept.columns.map(({ name }) => name)).toEqual(['id', 'name', 'x']);
    expect(kept.notes[0]).toBe(
      'column name has 80 texts and makes as many inputs: --drop name leaves it out',
    );
  });

  test('unless they are too many or too large', () => {
    const wide = Array.from({ length: 40_000 }, (_, i) => numbers(`x${i}`, 1, Number.NaN, 2));
    expect(() => inputsOf(wide, [0, 1, 2])).toThrow('make 80000 inputs, more than 65536');
    expect(() => inputsOf([numbers('x', 1e308, -1e308, 1e308)], [0, 1, 2])).toThrow(
      'column x has numbers',
    );
  });
});

test('a target is standardized over the rows of training', () => {
  expect(standardize(Float64Array.of(9, 1, 3), Uint32Array.of(1, 2), 'y')).toEqual({
    mean: 2,
    deviation: 1,
  });
});
