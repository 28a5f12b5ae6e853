import { expect, test } from 'vitest';
import { unbroken } from '../../../../../coordinator/dashboard/page/unbroken.ts';

/** The parts that stay whole. */
const whole = (text: string) =>
  unbroken(text).flatMap((part) => (typeof part === 'string' ? [] : part.values));

test('a line is not broken within a number and its unit, a flag or a derivative', () => {
  expect(whole('It is 79.3 % after 1,200 ms, with --label-smoothing 0.1.')).toEqual([
    '79.3 %',
    '1,200 ms',
    '--label-smoothing',
  ]);
  expect(whole('∂L/∂w = a · δ')).toEqual(['∂L/∂w']);
  expect(whole('After step 1,200, rank 0 has it.')).toEqual(['step 1,200', 'rank 0']);
  expect(whole('530 times smaller: 3 × Dress')).toEqual(['530 times', '3 × Dress']);
});

test('other text stays as it is', () => {
  expect(unbroken('12 students, 3 msec')).toEqual(['12 students, 3 msec']);
});
