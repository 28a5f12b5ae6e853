import { expect, test } from 'vitest';
import { csvOf } from '../../../../../../coordinator/dashboard/page/panel/table.ts';

test('a text that a spreadsheet would run as a formula is not one', () => {
  const rows = [['=1+1'], ['@SUM(A1)'], ['+1'], ['-1'], ['rank 1'], [-1]];
  expect(csvOf({ columns: [{ name: 'name' }], rows })).toBe(
    "name\r\n'=1+1\r\n'@SUM(A1)\r\n'+1\r\n'-1\r\nrank 1\r\n-1\r\n",
  );
});

test('a CSV has units in its header, numbers in full, and nothing for what is unknown', () => {
  const table = {
    columns: [{ name: 'step' }, { name: 'time', unit: 'ms', show: () => 'short' }],
    rows: [
      [1, 0.1 + 0.2],
      [2, null],
    ],
  };
  expect(csvOf(table)).toBe('step,time (ms)\r\n1,0.30000000000000004\r\n2,\r\n');
});

test('a CSV quotes what would end a cell', () => {
  const table = { columns: [{ name: 'text' }], rows: [['a,b'], ['say "x"'], ['two\nlines']] };
  expect(csvOf(table)).toBe('text\r\n"a,b"\r\n"say ""x"""\r\n"two\nlines"\r\n');
});
