import { expect, test } from 'vitest';
import { asSentence } from '../../../../../../coordinator/dashboard/page/study/sentence.ts';

test('a sentence begins with a capital letter', () => {
  expect(asSentence('class 4 is taken for class 2.')).toBe('Class 4 is taken for class 2.');
  expect(asSentence('')).toBe('');
});
