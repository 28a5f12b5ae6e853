import { readFileSync } from 'node:fs';

/*
 * What a command knows of the npm or npx that started it.
 *
 * npm runs a command through a shell: npm ─► sh ─► this process. A shell may also put this process
 * in its own place. If npm ends, this process is not told, and goes on without anybody who could
 * stop it. It notices that one of its ancestors has changed.
 */

const CHECK_INTERVAL_MS = 1_000;
/** npm, and at most two shells. */
const ANCESTORS_MAX = 3;

/**
 * Calls `onGone` once npm, which started this process, has ended. Returns a function that ends the
 * watch.
 */
export function watchNpm(onGone: () => void): () => void {
  if (process.env.npm_lifecycle_event === undefined) return () => {};
  const before = ancestors();
  const timer = setInterval(() => {
    if (isSame(before, ancestors(before.length))) return;
    clearInterval(timer);
    onGone();
  }, CHECK_INTERVAL_MS).unref();
  return () => clearInterval(timer);
}

/**
 * The process ids of the parent, its parent and so on: the first `count`, or those up to npm. Only
 * the parent, if npm is not found among them or the system does not say.
 */
function ancestors(count?: number): number[] {
  const pids = [process.ppid];
  while (pids.length < (count ?? ANCESTORS_MAX)) {
    const { name, parent } = describe(pids[pids.length - 1]);
    if (count === undefined && name.startsWith('npm')) return pids;
    if (parent === 0) break;
    pids.push(parent);
  }
  if (count !== undefined) return pids;
  return describe(pids[pids.length - 1]).name.startsWith('npm') ? pids : pids.slice(0, 1);
}

/** The name and the parent of a process: empty and 0 if the system does not say. */
function describe(pid: number): { name: string; parent: number } {
  try {
    const [, name, parent] =
      /^\d+ \((.*)\) \S (\d+)/s.exec(readFileSync(`/proc/${pid}/stat`, 'utf8')) ?? [];
    return { name, parent: Number(parent) };
  } catch {
    return { name: '', parent: 0 };
  }
}

const isSame = (before: readonly number[], now: readonly number[]): boolean =>
  before.every((pid, index) => pid === now[index]);

/**
 * What to type when npm has kept flags of a command for itself, because they do not stand behind
 * `--`. Undefined if it has kept none. npm puts them into its own variables.
 */
export function adviceOnKeptFlags(
  flags: readonly (string | undefined)[],
  env: NodeJS.ProcessEnv = process.env,
): string | undefined {
  if (env.npm_lifecycle_event !== 'start') return undefined;
  const kept = flags.filter((flag) => {
    const name = flag?.slice(2).replaceAll('-', '_') ?? '';
    return !NPM_FLAGS.includes(name) && env[`npm_config_${name}`] !== undefined;
  });
  if (kept.length === 0) return undefined;
  return (
    `npm has kept ${kept.join(', ')} for itself: put all flags behind --, such as ` +
    `npm start -- ${kept[0]} …`
  );
}

/** Flags of ours that npm has too, so that they may come from its configuration. */
const NPM_FLAGS: readonly string[] = ['audit'];
