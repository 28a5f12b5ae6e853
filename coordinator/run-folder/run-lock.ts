import { randomBytes } from 'node:crypto';
import { link, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import * as z from 'zod';
import { type Clock, sleep } from '../../shared/clock.ts';
import { LockstepError, reasonOf, systemCode } from '../../shared/errors.ts';
import { readTextFile } from '../../shared/host/read-file.ts';
import { printable } from '../../shared/printable.ts';

const LOCK_FILE = 'coordinator.lock';
/** The interval at which the owner touches its lock. */
const TOUCH_INTERVAL_MS = 3_000;
/** A lock that nobody has touched while we watched it for this long has no owner. */
const STALE_MS = 15_000;
/** An owner that has not touched its lock for this long may be about to lose it. */
const FRESH_MS = 10_000;
const POLL_MS = 500;

/** The right to write to a run's folder. One coordinator has it at a time. */
export interface RunLock {
  /** Aborted when another coordinator has taken over the run while this one was suspended. */
  readonly lost: AbortSignal;
  /** Touches the lock now. Rejects if that fails, or if it is another coordinator's. */
  renew(): Promise<void>;
  /**
   * Throws if the lock was not touched lately: this process was suspended, and another one may have
   * taken over the run.
   */
  assertFresh(): void;
  release(): Promise<void>;
}

export interface LockContext {
  readonly clock: Clock;
  /** Ends the wait for the lock. */
  readonly signal: AbortSignal;
  /** Shows a line to people. */
  readonly say: (message: string) => void;
}

/**
 * Takes the lock of a run's folder, at once if it has no owner or the owner's process is gone from
 * this host. Otherwise the owner may be alive: on another machine, in another container, or here,
 * unless another process has its id now. So this says so and watches the lock. If the owner touches
 * the lock, it is alive, and a `FILE` error is thrown. If the lock does not change for 15 s by our
 * own clock, its owner is dead. The times in the file system are never compared with a clock:
 * another machine's may be wrong. Rejects with the signal's reason when `signal` is aborted.
 */
export async function lockRun(directory: string, context: LockContext): Promise<RunLock> {
  const path = join(directory, LOCK_FILE);
  const owner: Owner = {
    host: hostname(),
    boot: await bootId(),
    pid: process.pid,
    since: new Date().toISOString(),
    token: randomBytes(8).toString('hex'),
  };
  const content = JSON.stringify(owner);
  while (!(await tryWrite(path, content))) {
    const abandoned = await untilAbandoned(path, directory, context);
    if (abandoned !== undefined) await removeAbandoned(path, abandoned);
  }
  return holdLock(path, content, directory, context.clock);
}

function holdLock(path: string, content: string, directory: string, clock: Clock): RunLock {
  const lost = new AbortController();
  let isReleased = false;
  let touchedAt = clock.now();
  const renew = async (): Promise<void> => {
    const begunAt = clock.now();
    if ((await read(path)) !== content) {
      const message = `another coordinator has taken over the run ${directory}: this one ends.`;
      lost.abort(new LockstepError('FILE', message));
    }
    lost.signal.throwIfAborted();
    await utimes(path, new Date(), new Date());
    touchedAt = begunAt;
  };
  const touch = async (): Promise<void> => {
    // A disk that does not answer for a moment is no reason to end.
    await renew().catch(() => {});
    if (!isReleased && !lost.signal.aborted) cancelTouch = clock.setTimer(TOUCH_INTERVAL_MS, touch);
  };
  let cancelTouch = clock.setTimer(TOUCH_INTERVAL_MS, touch);
  return {
    lost: lost.signal,
    renew,
    assertFresh() {
      lost.signal.throwIfAborted();
      if (clock.now() - touchedAt < FRESH_MS) return;
      const seconds = FRESH_MS / 1000;
      throw new LockstepError('FILE', `the lock ${path} was not touched for ${seconds} s`);
    },
    async release() {
      isReleased = true;
      cancelTouch();
      const now = await read(path).catch(() => undefined);
      if (now === content) await rm(path, { force: true });
    },
  };
}

/** The process that holds the lock of a run's folder, for people; undefined if there is none. */
export async function describeLockOwner(directory: string): Promise<string | undefined> {
  const owner = parseOwner(await read(join(directory, LOCK_FILE)).catch(() => undefined));
  return owner && describe(owner);
}

export type LockState =
  /** No coordinator has the run. */
  | 'free'
  /** A coordinator has it, as far as we know. */
  | 'held'
  /** There is a lock, but its coordinator is dead. */
  | 'abandoned';

/**
 * Returns a function that tells the state of a folder's lock, and never changes it. A lock of
 * another machine counts as held until nobody has touched it for 15 s of watching.
 */
export function createLockWatch(directory: string, clock: Clock): () => Promise<LockState> {
  const path = join(directory, LOCK_FILE);
  let seen: { readonly content: string; readonly touchedAt: number | undefined } | undefined;
  let seenAt = clock.now();
  return async () => {
    const content = await read(path).catch(() => undefined);
    if (content === undefined) return 'free';
    const owner = parseOwner(content);
    if (!owner || (await isGone(owner))) return 'abandoned';
    const touchedAt = await touchTime(path);
    if (content !== seen?.content || touchedAt !== seen.touchedAt) {
      seen = { content, touchedAt };
      seenAt = clock.now();
    }
    return clock.now() - seenAt < STALE_MS ? 'held' : 'abandoned';
  };
}

/**
 * Makes the lock with its content at once, so that nobody sees it empty and takes it for a torn
 * one. Returns false if there is a lock.
 */
async function tryWrite(path: string, content: string): Promise<boolean> {
  const temporary = `${path}.${randomBytes(6).toString('hex')}`;
  try {
    await writeFile(temporary, content, { flag: 'wx' });
    await link(temporary, path);
    return true;
  } catch (error) {
    if (systemCode(error) === 'EEXIST') return false;
    if (!HAS_NO_LINKS.includes(systemCode(error) ?? '')) throw error;
    return await tryWriteWithoutLink(path, content);
  } finally {
    await rm(temporary, { force: true });
  }
}

/** What file systems without hard links answer. */
const HAS_NO_LINKS = ['EPERM', 'ENOTSUP', 'ENOSYS', 'EOPNOTSUPP', 'EMLINK'];

async function tryWriteWithoutLink(path: string, content: string): Promise<boolean> {
  try {
    await writeFile(path, content, { flag: 'wx' });
    return true;
  } catch (error) {
    if (systemCode(error) === 'EEXIST') return false;
    throw error;
  }
}

/**
 * Resolves to the content of a lock whose owner is dead, or to undefined if the lock is gone.
 * Throws a `FILE` error if the owner is alive.
 */
async function untilAbandoned(
  path: string,
  directory: string,
  { clock, signal, say }: LockContext,
): Promise<string | undefined> {
  const content = await read(path);
  const touchedAt = await touchTime(path);
  const owner = parseOwner(content);
  if (!owner || (await isGone(owner))) return content;
  say(
    `the run ${directory} is locked by ${describe(owner)}: watching for up to ` +
      `${STALE_MS / 1000} s whether that is alive (if you know that it is not, delete ${path})`,
  );
  for (const end = clock.now() + STALE_MS; clock.now() < end; ) {
    await sleep(clock, POLL_MS, signal);
    signal.throwIfAborted();
    const now = await read(path);
    const touchedNow = await touchTime(path);
    if (now === undefined || touchedNow === undefined) return undefined;
    if (now !== content || touchedNow !== touchedAt) {
      const { host, pid } = owner;
      throw new LockstepError(
        'FILE',
        `the run ${directory} is being trained by ${describe(owner)}: stop that first ` +
          `(on ${printable(host)}: kill ${pid}), it saves a checkpoint. Or use another --out.`,
      );
    }
    if (await isGone(owner)) return content;
  }
  return content;
}

/**
 * Removes a lock whose owner is dead. If another coordinator has taken it in the meantime, that
 * one keeps it.
 */
async function removeAbandoned(path: string, content: string): Promise<void> {
  const taken = `${path}.${randomBytes(6).toString('hex')}`;
  try {
    await rename(path, taken);
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return;
    throw error;
  }
  if ((await read(taken)) !== content) await link(taken, path).catch(() => {});
  await rm(taken, { force: true });
}

const read = (path: string): Promise<string | undefined> =>
  readTextFile(path).catch((error: unknown) => {
    if (systemCode(error) === 'ENOENT') return undefined;
    throw new LockstepError('FILE', `cannot read the lock ${path}: ${reasonOf(error)}.`);
  });

const touchTime = async (path: string): Promise<number | undefined> =>
  (await stat(path).catch(() => undefined))?.mtimeMs;

const Owner = z.object({
  host: z.string(),
  /** Differs between machines of the same name. */
  boot: z.string().optional(),
  pid: z.int().positive(),
  /** ISO 8601, by the owner's clock. */
  since: z.string().optional(),
  token: z.string().optional(),
});
type Owner = z.infer<typeof Owner>;

const describe = ({ host, pid, since }: Owner): string =>
  printable(`process ${pid} on ${host}${since === undefined ? '' : ` since ${since}`}`);

/** Undefined if a crash cut the lock's content short. Then it has no owner. */
function parseOwner(content: string | undefined): Owner | undefined {
  try {
    return Owner.safeParse(JSON.parse(content ?? '')).data;
  } catch {
    return undefined;
  }
}

/** Whether the owner was a process of this host and is no more. */
async function isGone({ host, boot, pid }: Owner): Promise<boolean> {
  if (host !== hostname() || (boot !== undefined && boot !== (await bootId()))) return false;
  return pid === process.pid || !(await isProcess(pid));
}

/** What Linux draws at each start of the system; undefined elsewhere. */
async function bootId(): Promise<string | undefined> {
  const id = await readFile('/proc/sys/kernel/random/boot_id', 'utf8').catch(() => undefined);
  return id?.trim();
}

/**
 * Whether `pid` is the id of a process. In a restarted container, the id of the last coordinator is
 * often that of a thread, perhaps of this process. A thread does not count.
 */
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
