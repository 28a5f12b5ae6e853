import { expect, test } from 'vitest';
import { describeExit } from '../../../../deploy/local/child-process.ts';

test('an end by signal 9 that nobody here has sent may be a lack of memory', () => {
  expect(describeExit(null, 'SIGKILL')).toBe('killed by signal 9, perhaps out of memory');
  expect(describeExit(null, 'SIGSEGV')).toBe('SIGSEGV');
  expect(describeExit(3, null)).toBe('exit code 3');
});
