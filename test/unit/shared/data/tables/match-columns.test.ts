import { expect, test } from 'vitest';
import { matchColumns } from '../../../../../shared/data/tables/match-columns.ts';

const columns = ['a', 'b'].map((name) => ({ name, kind: 'text' as const, values: ['x'] }));

test('columns are found by name, in any order', () => {
  const { places, unused } = matchColumns(columns, ['id', 'b', 'a']);
  expect(places).toEqual([2, 1]);
  expect(unused).toEqual([{ name: 'id' }]);
});

test('columns that are missing are said', () => {
  expect(() => matchColumns(columns, ['a', 'B'])).toThrow(
    'it lacks the column of training b, and has a, B: add them; their cells may be empty',
  );
  expect(() => matchColumns(columns, [])).toThrow('it lacks 2 columns of training a, b, and has');
});
