import { existsSync, readdirSync, readFileSync, utimesSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import { lockRun } from '../../coordinator/run-lock.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const lockFile = (directory: string) => join(directory, 'coordinator.lock');
const LIVING = process.ppid;
const DEAD = 2 ** 22 + 1;

function foreignLock(owner: object, touchedSecondsAgo = 0): string {
  const directory = temporaryFolder();
  writeFileSync(lockFile(directory), JSON.stringify(owner));
  const at = Date.now() / 1000 - touchedSecondsAgo;
  utimesSync(lockFile(directory), at, at);
  return directory;
}

test('a lock is there while it is held', async () => {
  const directory = temporaryFolder();
  const lock = await lockRun(directory);
  expect(JSON.parse(readFileSync(lockFile(directory), 'utf8'))).toMatchObject({ pid: process.pid });
  await lock.release();
  expect(existsSync(lockFile(directory))).toBe(false);
});

/** As a living owner does every few seconds. */
function touchSoon(directory: string): void {
  const touch = setTimeout(() => utimesSync(lockFile(directory), new Date(), new Date()), 100);
  onTestFinished(() => clearTimeout(touch));
}

/** The id of a thread of this process that is not its first one. */
function ownThread(): number {
  const threads = readdirSync('/proc/self/task').map(Number);
  return threads.find((id) => id !== process.pid) ?? Number.NaN;
}

test('a living process of this machine keeps its lock', async () => {
  const directory = foreignLock({ host: hostname(), pid: LIVING }, 5);
  touchSoon(directory);
  await expect(lockRun(directory)).rejects.toThrow(
    `is being trained by process ${LIVING} on ${hostname()}: stop that first`,
  );
});

test.for([
  ['a dead process of this machine', { host: hostname(), pid: DEAD }, 0],
  [
    'the process that this one was before its container was restarted',
    { host: hostname(), pid: process.pid },
    0,
  ],
  [
    'a process whose id is a thread’s of this one, since its container was restarted',
    { host: hostname(), pid: ownThread() },
    0,
  ],
  ['a machine that has not touched it for long', { host: 'elsewhere', pid: 1 }, 60],
  ['nobody, because it was cut short', 'x', 0],
] as const)('a lock of %s is taken at once', async ([, owner, secondsAgo]) => {
  const directory = foreignLock(owner as object, secondsAgo);
  await (await lockRun(directory)).release();
});

test('a lock of another machine is waited for until it is touched, or stale', async () => {
  const abandoned = foreignLock({ host: 'elsewhere', pid: 1 }, 14.5);
  await (await lockRun(abandoned)).release();

  const directory = foreignLock({ host: 'elsewhere', pid: 1 }, 5);
  touchSoon(directory);
  await expect(lockRun(directory)).rejects.toThrow('is being trained by process 1 on elsewhere');
});

test('a lock whose owner’s process id another process has now is waited for, and then taken', async () => {
  const directory = foreignLock({ host: hostname(), pid: LIVING }, 14.5);
  await (await lockRun(directory)).release();
});

test('a coordinator that was suspended while another took over is told so', async () => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
  const directory = temporaryFolder();
  const lock = await lockRun(directory);
  writeFileSync(lockFile(directory), JSON.stringify({ host: 'elsewhere', pid: 1 }));
  const told = new Promise((resolve) => lock.lost.addEventListener('abort', resolve));
  vi.advanceTimersByTime(3_000);
  vi.useRealTimers();
  await told;
  expect(String(lock.lost.reason)).toContain(`another coordinator has taken over the run ${directory}`);
  await lock.release();
  expect(existsSync(lockFile(directory))).toBe(true);
});
