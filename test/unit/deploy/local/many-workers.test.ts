import { expect, test } from 'vitest';
import { describeTooMany } from '../../../../deploy/local/many-workers.ts';

test('more than eight workers per core are too many, and more so as processes', () => {
  expect(describeTooMany(200, 2, 'thread')).toMatch(
    /^200 workers share 2 cores, .* with 2 workers: .* about 6 GB .*--workers/,
  );
  expect(describeTooMany(200, 2, 'process')).toContain('about 24 GB');
  expect(describeTooMany(9, 1, 'thread')).toContain('share 1 core, ');
  expect(describeTooMany(16, 2, 'thread')).toBeUndefined();
});
