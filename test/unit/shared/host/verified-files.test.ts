import { statSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { afterEach, expect, test, vi } from 'vitest';
import { readStamped } from '../../../../shared/host/read-file.ts';
import {
  handOverVerified,
  isVerified,
  noteVerified,
} from '../../../../shared/host/verified-files.ts';
import { temporaryFolder } from '../../../support/temporary-folder.ts';

afterEach(() => vi.useRealTimers());

/** From now on, it is so much later, for whoever asks what time it is. */
const pretendLater = (seconds: number): void => {
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 1000 * seconds });
};

test('a changed file has another stamp, also with the same size and time', async () => {
  const path = join(temporaryFolder(), 'data');
  writeFileSync(path, 'right');
  const { atime, mtime } = statSync(path);
  utimesSync(path, atime, mtime);
  pretendLater(60);
  const { stamp } = await readStamped(path, 100);
  expect(stamp).toBeDefined();
  expect(await readStamped(path, 100)).toMatchObject({ stamp });
  await setTimeout(30);
  writeFileSync(path, 'wrong');
  utimesSync(path, atime, mtime);
  expect(statSync(path)).toMatchObject({ size: 5, mtime });
  const changed = await readStamped(path, 100);
  expect(changed.stamp).toBeDefined();
  expect(changed.stamp).not.toBe(stamp);
});

test('a file has no stamp if it may be changed again in the same moment', async () => {
  const path = join(temporaryFolder(), 'data');
  writeFileSync(path, 'right');
  expect(await readStamped(path, 100)).toMatchObject({ stamp: undefined });
});

test('a stamp stands for one content, and child processes get what was verified', () => {
  expect(isVerified('stamp-1', 'abc')).toBe(false);
  noteVerified('stamp-1', 'abc');
  expect(isVerified('stamp-1', 'abc')).toBe(true);
  expect(isVerified('stamp-1', 'def')).toBe(false);
  expect(isVerified('stamp-2', 'abc')).toBe(false);
  const [text] = Object.values(handOverVerified());
  expect(text).toMatch(new RegExp(`^${process.pid}:(.*,)?stamp-1 abc$`));
});
