import { execFileSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import {
  createLockWatch,
  type LockContext,
  lockRun,
} from '../../../../coordinator/run-folder/run-lock.ts';
import type { Clock } from '../../../../shared/clock.ts';
import { systemClock } from '../../../../shared/system-clock.ts';
import { createSimulatedClock } from '../../../support/simulation/simulated-clock.ts';
import { temporaryFolder } from '../../../support/temporary-folder.ts';

const lockFile = (directory: string) => join(directory, 'coordinator.lock');
const quiet = (clock: Clock = systemClock): LockContext => ({
  clock,
  signal: new AbortController().signal,
  say() {},
});
const LIVING = process.ppid;
const DEAD = 2 ** 22 + 1;

/** `aheadBySeconds`: how far the clock that touched it last is ahead of ours. */
function foreignLock(owner: object | string, aheadBySeconds = 0): string {
  const directory = temporaryFolder();
  const content = typeof owner === 'string' ? owner : JSON.stringify(owner);
  writeFileSync(lockFile(directory), content);
  touch(directory, aheadBySeconds);
  return directory;
}

function touch(directory: string, aheadBySeconds = 0): void {
  const at = Date.now() / 1000 + aheadBySeconds;
  utimesSync(lockFile(directory), at, at);
}

/** Waits for a lock in simulated time. `at` calls a function at a time, in ms. */
function waitForLock(directory: string) {
  const clock = createSimulatedClock();
  const controller = new AbortController();
  const said: string[] = [];
  const { signal } = controller;
  const say = (message: string) => void said.push(message);
  let outcome: string | undefined;
  const taken = lockRun(directory, { clock, signal, say }).then(
    async (lock) => {
      outcome = `taken after ${clock.now() / 1000} s`;
      await lock.release();
    },
    (error: Error) => {
      outcome = error.message;
    },
  );
  /** Lets simulated time pass up to `ms`, with the file system keeping up. */
  async function passTo(ms: number): Promise<void> {
    for (let now = clock.now(); now < ms && outcome === undefined; now = clock.now()) {
      await clock.run(() => false, now + 500);
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
  }
  return { controller, said, taken, passTo, outcome: () => outcome };
}
const FOREIGN = { host: 'elsewhere', pid: 1, since: '2026-01-31T10:00:00.000Z' };

test('the lock file exists while a coordinator holds the lock', async () => {
  const directory = temporaryFolder();
  const lock = await lockRun(directory, quiet());
  expect(JSON.parse(readFileSync(lockFile(directory), 'utf8'))).toMatchObject({ pid: process.pid });
  await lock.release();
  expect(existsSync(lockFile(directory))).toBe(false);
});

/** The id of a thread of this process that is not its main thread. */
function ownThread(): number {
  const threads = readdirSync('/proc/self/task').map(Number);
  return threads.find((id) => id !== process.pid) ?? Number.NaN;
}

test.for([
  ['a dead process of this machine', { host: hostname(), pid: DEAD }],
  ['this process before its container was restarted', { host: hostname(), pid: process.pid }],
  [
    'a process whose id is now a thread’s of this one, after a container restart',
    { host: hostname(), pid: ownThread() },
  ],
  ['an unknown owner, because it was cut short', '{"host":"else'],
  ['an unknown owner, because it holds no owner', '"x"'],
] as const)('a coordinator takes the lock of %s at once', async ([, owner]) => {
  await (await lockRun(foreignLock(owner), quiet())).release();
});

describe('a coordinator that finds the lock of a process that may be alive', () => {
  test.for([
    ['whose clock agrees', 0],
    ['whose clock is an hour ahead', 3600],
    ['whose clock is an hour behind', -3600],
  ] as const)('refuses to take it from one %s, if it is touched', async ([, ahead]) => {
    const namesake = { host: hostname(), boot: 'another machine', pid: DEAD };
    for (const owner of [FOREIGN, { host: hostname(), pid: LIVING }, namesake]) {
      const directory = foreignLock(owner, ahead);
      const wait = waitForLock(directory);
      await wait.passTo(2_000);
      touch(directory, ahead + 3);
      await wait.passTo(4_000);
      await wait.taken;
      expect(wait.outcome()).toContain(
        `the run ${directory} is being trained by process ${owner.pid} on ${owner.host}`,
      );
    }
  });

  test.for([
    ['agrees', 0],
    ['was an hour ahead', 3600],
    ['was an hour behind', -3600],
  ] as const)(
    'takes it when it has not changed for 15 s of its own time, if the clock %s',
    async ([, ahead]) => {
      const wait = waitForLock(foreignLock(FOREIGN, ahead));
      await wait.passTo(14_000);
      expect(wait.outcome()).toBeUndefined();
      await wait.passTo(20_000);
      await wait.taken;
      expect(wait.outcome()).toMatch(/^taken after 15(\.5)? s$/);
    },
  );

  test('says for whom it waits, since when that holds the lock, and for how long', async () => {
    const directory = foreignLock(FOREIGN);
    const wait = waitForLock(directory);
    await wait.passTo(20_000);
    await wait.taken;
    expect(wait.said).toEqual([
      `the run ${directory} is locked by process 1 on elsewhere since 2026-01-31T10:00:00.000Z: ` +
        'watching for up to 15 s whether that is alive ' +
        `(if you know that it is not, delete ${lockFile(directory)})`,
    ]);
  });

  test('stops waiting when it is interrupted, and leaves the lock', async () => {
    const directory = foreignLock(FOREIGN);
    const wait = waitForLock(directory);
    await wait.passTo(1_000);
    wait.controller.abort(new Error('stopped by SIGINT'));
    await wait.taken;
    expect(wait.outcome()).toBe('stopped by SIGINT');
    expect(existsSync(lockFile(directory))).toBe(true);
  });

  test('takes it when the owner releases it meanwhile', async () => {
    const directory = foreignLock(FOREIGN);
    const wait = waitForLock(directory);
    await wait.passTo(1_000);
    rmSync(lockFile(directory));
    await wait.passTo(2_000);
    await wait.taken;
    expect(wait.outcome()).toMatch(/^taken/);
  });
});

test('a suspended coordinator learns that another one has taken over', async () => {
  const clock = createSimulatedClock();
  const directory = temporaryFolder();
  const lock = await lockRun(directory, quiet(clock));
  writeFileSync(lockFile(directory), JSON.stringify({ host: 'elsewhere', pid: 1 }));
  const told = new Promise((resolve) => lock.lost.addEventListener('abort', resolve));
  await clock.run(() => false, 3_000);
  await told;
  expect(String(lock.lost.reason)).toContain(
    `another coordinator has taken over the run ${directory}`,
  );
  await lock.release();
  expect(existsSync(lockFile(directory))).toBe(true);
});

describe('a coordinator that was suspended', () => {
  /** A lock whose owner can be suspended for some seconds. */
  async function suspendable() {
    const clock = createSimulatedClock();
    let suspendedMs = 0;
    const directory = temporaryFolder();
    const now = () => clock.now() + suspendedMs;
    const lock = await lockRun(directory, quiet({ ...clock, now }));
    const suspend = (ms: number) => {
      suspendedMs += ms;
    };
    return { lock, directory, suspend };
  }

  test('writes nothing before it has touched its lock', async () => {
    const { lock, suspend } = await suspendable();
    suspend(9_000);
    lock.assertFresh();
    suspend(1_000);
    expect(() => lock.assertFresh()).toThrow('was not touched for 10 s');
    await lock.renew();
    lock.assertFresh();
    await lock.release();
  });

  test('writes nothing more once another one has taken over', async () => {
    const { lock, directory } = await suspendable();
    writeFileSync(lockFile(directory), JSON.stringify(FOREIGN));
    await expect(lock.renew()).rejects.toThrow('another coordinator has taken over');
    expect(lock.lost.aborted).toBe(true);
    expect(() => lock.assertFresh()).toThrow('another coordinator has taken over');
    await lock.release();
    expect(existsSync(lockFile(directory))).toBe(true);
  });
});

test('an owner touches its lock every three seconds until its release', async () => {
  const clock = createSimulatedClock();
  const directory = temporaryFolder();
  const lock = await lockRun(directory, quiet(clock));
  for (const second of [3, 6]) {
    utimesSync(lockFile(directory), 0, 0);
    await clock.run(() => false, 1000 * second);
    await expect.poll(() => statSync(lockFile(directory)).mtimeMs).toBeGreaterThan(0);
  }
  await lock.release();
  expect(existsSync(lockFile(directory))).toBe(false);
});

describe('a watched lock', () => {
  let now = 0;
  const clock: Clock = { now: () => now, setTimer: () => () => {} };
  const stateAt = async (watch: () => Promise<string>, ms: number) => {
    now = ms;
    return watch();
  };

  test('is free if there is none, and again when it is gone', async () => {
    const directory = temporaryFolder();
    const watch = createLockWatch(directory, clock);
    expect(await watch()).toBe('free');
    writeFileSync(lockFile(directory), JSON.stringify({ host: 'elsewhere', pid: 5 }));
    expect(await watch()).toBe('held');
    rmSync(lockFile(directory));
    expect(await watch()).toBe('free');
  });

  test('is abandoned at once if its owner was a process of this host', async () => {
    const watch = createLockWatch(foreignLock({ host: hostname(), pid: DEAD }), clock);
    expect(await watch()).toBe('abandoned');
    expect(await createLockWatch(foreignLock('{"torn'), clock)()).toBe('abandoned');
    const living = foreignLock({ host: hostname(), pid: LIVING });
    expect(await createLockWatch(living, clock)()).toBe('held');
  });

  test('is held while it is touched, by our own clock', async () => {
    // The clock of the other machine is an hour ahead, and later an hour behind.
    const directory = foreignLock({ host: 'elsewhere', pid: 5 }, 3600);
    now = 0;
    const watch = createLockWatch(directory, clock);
    expect(await watch()).toBe('held');
    expect(await stateAt(watch, 14_999)).toBe('held');
    touch(directory, -3600);
    expect(await stateAt(watch, 15_001)).toBe('held');
    expect(await stateAt(watch, 30_000)).toBe('held');
    expect(await stateAt(watch, 30_002)).toBe('abandoned');
    touch(directory, -3500);
    expect(await stateAt(watch, 40_000)).toBe('held');
  });
});

test.for<[string, (path: string) => void]>([
  ['a named pipe', (path) => execFileSync('mkfifo', [path])],
  ['a folder', (path) => mkdirSync(path)],
])('a lock that is %s is named, and nobody waits for it', async ([kind, make]) => {
  const directory = temporaryFolder();
  make(lockFile(directory));
  await expect(lockRun(directory, quiet())).rejects.toMatchObject({
    code: 'FILE',
    message: `cannot read the lock ${lockFile(directory)}: it is ${kind}, not a regular file.`,
  });
  expect(await createLockWatch(directory, systemClock)()).toBe('free');
  expect(readdirSync(directory)).toEqual(['coordinator.lock']);
});
