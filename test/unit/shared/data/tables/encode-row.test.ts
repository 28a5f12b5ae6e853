import { describe, expect, test } from 'vitest';
import { createRowEncoder } from '../../../../../shared/data/tables/encode-row.ts';

const { inputCount, encode } = createRowEncoder([
  { name: 'x', kind: 'number', mean: 10, deviation: 4, indicator: true },
  { name: 'city', kind: 'text', values: ['Basel', 'Bern'] },
  { name: 'day', kind: 'date', mean: 1, deviation: 2, indicator: false },
]);

const encoded = (...values: (number | string | undefined)[]) => {
  const target = new Float32Array(inputCount + 2).fill(9);
  encode(values, target, 1);
  return [...target];
};

describe('a row', () => {
  test('becomes standardized numbers and a one for its text', () => {
    expect(encoded(12, 'Bern', 5)).toEqual([9, 0.5, 0, 0, 1, 0, 2, 9]);
  });

  test('is the mean and an indicator where it is missing, and unknown where a text is', () => {
    expect(encoded(undefined, undefined, undefined)).toEqual([9, 0, 1, 0, 0, 1, 0, 9]);
    expect(encoded(10, 'Paris', 1)).toEqual([9, 0, 0, 0, 0, 1, 0, 9]);
  });

  test('is refused if a number is beyond all others', () => {
    expect(() => encoded(1e300, 'Bern', 1)).toThrow('column x: 1e+300 is too far from the mean');
  });
});
