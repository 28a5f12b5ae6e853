import { expect, test } from 'vitest';
import {
  columnFormat,
  largestTerms,
  showFour,
} from '../../../../../../../coordinator/dashboard/page/study/example/sums.ts';

const terms = [0.5, -2, 0.25, 1].map((product, from) => ({
  ...{ from, to: 0, weight: product, parameter: from, value: 1, product },
  gradient: from / 10,
}));

test('the largest products, and the sum of the others', () => {
  const { shown, ...rest } = largestTerms(terms, 2);
  expect(shown.map(({ from }) => from)).toEqual([1, 3]);
  expect(rest).toEqual({ restCount: 2, restSum: 0.75, total: -0.25 });
  expect(largestTerms(terms, 1, 'gradient').shown[0].from).toBe(3);
  expect(largestTerms([], 3)).toEqual({ shown: [], restCount: 0, restSum: 0, total: 0 });
});

test('numbers with four digits that count', () => {
  const numbers = [0, 1, -3, 0.80214, 12.0349, -0.000123456, 1.2e-7, 123456.7];
  expect(numbers.map(showFour)).toEqual([
    ...['0', '1', '−3', '0.8021', '12.03', '−0.0001235', '1.20e−7', '123457'],
  ]);
});

test('the numbers of a column have the same digits after the point', () => {
  const show = columnFormat([12.3, -0.04]);
  expect([12.3, -0.04, 0].map(show)).toEqual(['12.30', '−0.04', '0.00']);
  expect([1e-7, -2e-9].map(columnFormat([1e-7, -2e-9]))).toEqual(['1.00e−7', '−2.00e−9']);
  expect(columnFormat([0, 0])(0)).toBe('0.0');
});
