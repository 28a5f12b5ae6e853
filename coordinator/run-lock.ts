import { randomBytes } from 'node:crypto';
import { readFile, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { LockstepError, systemCode } from '../shared/errors.ts';

const LOCK_FILE = 'coordinator.lock';
/** The owner touches its lock so often; one that was not touched for so long has no owner any more. */
const TOUCH_INTERVAL_MS = 3_000;
const STALE_MS = 15_000;
const POLL_MS = 500;

/** The right to write to a run's folder, of one coordinator at a time. */
export interface RunLock {
  /** Aborted when another coordinator has taken the run over: because this one was suspended, for example. */
  readonly lost: AbortSignal;
  release(): Promise<void>;
}

/**
 * Takes the lock of a run's folder. Waits while it may be a dead coordinator's: of another machine or container, or one whose
 * process id another process has now. Throws a `FILE` error if its owner lives, which it shows by touching the lock.
 */
export async function lockRun(directory: string): Promise<RunLock> {
  const path = join(directory, LOCK_FILE);
  const content = JSON.stringify({
    host: hostname(),
    pid: process.pid,
    token: randomBytes(8).toString('hex'),
  });
  while (!(await tryWrite(path, content))) {
    await untilAbandoned(path, directory);
    await rm(path, { force: true });
  }
  const lost = new AbortController();
  const timer = setInterval(async () => {
    if ((await read(path)) === content) return utimes(path, new Date(), new Date()).catch(() => {});
    clearInterval(timer);
    const message = `another coordinator has taken over the run ${directory}: this one ends.`;
    lost.abort(new LockstepError('FILE', message));
  }, TOUCH_INTERVAL_MS);
  timer.unref();
  return {
    lost: lost.signal,
    async release() {
      clearInterval(timer);
      if ((await read(path)) === content) await rm(path, { force: true });
    },
  };
}

async function tryWrite(path: string, content: string): Promise<boolean> {
  try {
    await writeFile(path, content, { flag: 'wx' });
    return true;
  } catch (error) {
    if (systemCode(error) === 'EEXIST') return false;
    throw error;
  }
}

async function untilAbandoned(path: string, directory: string): Promise<void> {
  const touchedAt = await touchTime(path);
  for (;;) {
    const { host, pid } = parseOwner(await read(path));
    if (Date.now() - ((await touchTime(path)) ?? 0) > STALE_MS) return;
    if (host === hostname() && (pid === process.pid || !(await isProcess(pid)))) return;
    if ((await touchTime(path)) !== touchedAt) {
      throw new LockstepError(
        'FILE',
        `the run ${directory} is being trained by process ${pid} on ${host}: stop that first, or use another --out.`,
      );
    }
    await sleep(POLL_MS);
  }
}

const read = (path: string): Promise<string | undefined> => readFile(path, 'utf8').catch(() => undefined);

const touchTime = async (path: string): Promise<number | undefined> =>
  (await stat(path).catch(() => undefined))?.mtimeMs;

/** A lock that was cut short by a crash has no owner. */
function parseOwner(content: string | undefined): { host?: string; pid: number } {
  try {
    return JSON.parse(content ?? '');
  } catch {
    return { pid: process.pid, host: hostname() };
  }
}

/** Whether a process has that id. In a container that was started again it is often a thread's, maybe this process's own. */
async function isProcess(pid: number): Promise<boolean> {
  try {
    process.kill(pid, 0);
  } catch (error) {
    if (systemCode(error) !== 'EPERM') return false;
  }
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
  const threadGroup = /^Tgid:\s*(\d+)/m.exec(status)?.[1];
  return threadGroup === undefined || Number(threadGroup) === pid;
}
