import { expect, test } from 'vitest';
import { pauseAfter } from '../../../../../coordinator/dashboard/page/pace.ts';

test('a picture waits a hundred times as long as the last one took', () => {
  expect(pauseAfter(6)).toBe(600);
});

test('no picture waits longer than a second, however slow the machine is', () => {
  expect(pauseAfter(1000)).toBe(1000);
});
