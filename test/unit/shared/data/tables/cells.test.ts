import { describe, expect, test } from 'vitest';
import {
  daysIn,
  isMissing,
  numberIn,
  textIn,
  valueIn,
} from '../../../../../shared/data/tables/cells.ts';

describe('a cell', () => {
  test.for([
    ['12', 12],
    [' -3.5e2 ', -350],
    ['.5', 0.5],
    ['+1.', 1],
    ['0.1', 0.1],
    ['1e999', Number.POSITIVE_INFINITY],
    ['-inf', Number.NEGATIVE_INFINITY],
    ['1,5', undefined],
    ['1.234,5', undefined],
    ['0x10', undefined],
    ['12 kg', undefined],
    ['', undefined],
  ] as const)('%j is the number %j', ([cell, value]) => {
    expect(numberIn(cell, false)).toBe(value);
  });

  test('may have a comma before its decimals where that is allowed', () => {
    expect(numberIn('1,5', true)).toBe(1.5);
    expect(numberIn('-,5', true)).toBe(-0.5);
    expect(numberIn('1,234,5', true)).toBeUndefined();
  });

  test.for(['', ' ', 'NA', 'NaN', 'null', 'None', '?', 'n/a', '#N/A'])('%j is missing', (cell) => {
    expect(isMissing(cell)).toBe(true);
    expect(valueIn(cell, { kind: 'number' }, false, 'line 2')).toBeUndefined();
    expect(valueIn(cell, { kind: 'text' }, false, 'line 2')).toBeUndefined();
  });

  test('is a date as JavaScript counts its days', () => {
    for (let days = -200_000; days < 200_000; days += 997) {
      const date = new Date(days * 86_400_000);
      if (date.getUTCFullYear() < 1000) continue;
      expect(daysIn(date.toISOString().slice(0, 10))).toBe(days);
      expect(daysIn(date.toISOString())).toBe(days);
    }
  });

  test.for([
    ['1970-01-02', 1],
    ['1970/1/2', 1],
    ['02.01.1970', 1],
    ['02.01.1970 18:00:00', 1.75],
    ['1970-01-01 12:00', 0.5],
    ['1970-01-01T06:00:00+06:00', 0],
    ['1970-01-01T00:00:00-1200', 0.5],
    ['2024-02-29', 19_782],
    ['2023-02-29', undefined],
    ['2024-13-01', undefined],
    ['01/02/2024', undefined],
    ['1970-01-01 12:60', undefined],
    ['today', undefined],
  ] as const)('%j is day %j', ([cell, days]) => {
    expect(daysIn(cell)).toBe(days);
  });

  test('with slashes is a date where the order is known', () => {
    expect(daysIn('3/14/2026', 'month')).toBe(daysIn('2026-03-14'));
    expect(daysIn('03/14/2026 06:00', 'month')).toBe(daysIn('2026-03-14 06:00'));
    expect(daysIn('14/3/2026', 'day')).toBe(daysIn('2026-03-14'));
    expect(daysIn('14/3/2026', 'month')).toBeUndefined();
    expect(daysIn('3/14/26', 'month')).toBeUndefined();
    expect(() => valueIn('14/3/2026', { kind: 'date', first: 'month' }, false, 'line 3')).toThrow(
      'line 3: "14/3/2026" is not a date such as 11/26/2026',
    );
  });

  test('as text is printable and short', () => {
    expect(textIn(' red\u001b[2J ')).toBe('red\\u001b[2J');
    expect(textIn('x'.repeat(1000))).toHaveLength(256);
  });

  test.for([
    ['number', 'abc', 'line 3, column age: "abc" is not a number. Correct it'],
    ['number', 'Infinity', '"Infinity" is not a finite number'],
    ['date', 'soon', '"soon" is not a date such as 2026-11-26'],
    ['number', '\u001b[2J', '"\\\\u001b[2J" is not a number'],
  ] as const)('of another kind is refused: %s %j', ([kind, cell, message]) => {
    expect(() => valueIn(cell, { kind }, false, 'line 3, column age')).toThrow(message);
  });
});
