import { expect, test } from 'vitest';
import { threadLimit, threadsByDefault } from '../../../../../worker/browser/page/threads.ts';

const FACTS = { isSecureContext: true, crossOriginIsolated: true, cores: 8 };

test('a page that is secure and isolated may have a thread per core, and leaves one free', () => {
  expect(threadLimit(FACTS)).toEqual({ most: 8, reason: undefined });
  expect(threadsByDefault(threadLimit(FACTS))).toBe(7);
  expect(threadsByDefault(threadLimit({ ...FACTS, cores: 2 }))).toBe(1);
  expect(threadLimit({ ...FACTS, cores: 256 }).most).toBe(16);
});

test.for([
  [{ isSecureContext: false }, /not https/],
  [{ crossOriginIsolated: false }, /does not isolate/],
  [{ cores: 1 }, /one core/],
  [{ cores: Number.NaN }, /one core/],
] as const)('with %o it has one thread, and says why', ([facts, reason]) => {
  const limit = threadLimit({ ...FACTS, ...facts });
  expect(limit).toEqual({ most: 1, reason: expect.stringMatching(reason) });
  expect(threadsByDefault(limit)).toBe(1);
});
