import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const CLI = fileURLToPath(new URL('../../cli.ts', import.meta.url));

type Event = Record<string, unknown> & { readonly event: string };

/** A `lockstep` command in a process of its own. */
export interface LockstepProcess {
  readonly pid: number;
  readonly child: ChildProcess;
  readonly events: readonly Event[];
  /** Resolves to the first event with this name. Rejects if the process ends without it. */
  first(name: string, timeoutMs?: number): Promise<Event>;
  /** Resolves when the process has ended. */
  readonly ended: Promise<{ code: number | null; stderr: string; stdout: string }>;
  readonly isAlive: boolean;
}

/** Caches are in the folder, except for that of the modules, which halves the time of a start. */
export const environmentIn = (folder: string): NodeJS.ProcessEnv => ({
  ...process.env,
  XDG_CACHE_HOME: folder,
  NODE_COMPILE_CACHE: join(tmpdir(), 'lockstep-test-compile-cache'),
  LOCKSTEP_MIRRORS: '',
});

const EVENT_TIMEOUT_MS = 120_000;
const running = new Set<ChildProcess>();

export interface SpawnOptions {
  /** A file to load before the command. */
  readonly preload?: string;
  /** The folder of the process, which is also that of its caches. */
  readonly folder: string;
}

export function startLockstep(
  args: readonly string[],
  { preload, folder }: SpawnOptions,
): LockstepProcess {
  const preloads = preload === undefined ? [] : ['--import', preload];
  const child = spawn(process.execPath, [...preloads, CLI, ...args], {
    cwd: folder,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: environmentIn(folder),
  });
  running.add(child);
  const lines: string[] = [];
  const events: Event[] = [];
  let stderr = '';
  let isAlive = true;
  let notify = () => {};
  createInterface({ input: child.stdout }).on('line', (line) => {
    lines.push(line);
    if (line.startsWith('{')) events.push(JSON.parse(line));
    notify();
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  const ended = once(child, 'close').then(([code]) => {
    isAlive = false;
    running.delete(child);
    notify();
    return { code, stderr, stdout: lines.join('\n') };
  });
  return {
    pid: child.pid ?? 0,
    child,
    events,
    ended,
    get isAlive() {
      return isAlive;
    },
    async first(name, timeoutMs = EVENT_TIMEOUT_MS) {
      const until = performance.now() + timeoutMs;
      for (;;) {
        const event = events.find((other) => other.event === name);
        if (event) return event;
        if (!isAlive) throw new Error(`lockstep ${args[0]} ended without ${name}: ${stderr}`);
        const restMs = until - performance.now();
        if (restMs <= 0) throw new Error(`no event ${name} within ${timeoutMs / 1000} s`);
        const { promise, resolve } = Promise.withResolvers<void>();
        notify = resolve;
        const timer = setTimeout(resolve, restMs);
        await promise;
        clearTimeout(timer);
      }
    },
  };
}

/** Kills the processes that still run. */
export function killAll(): void {
  for (const child of running) child.kill('SIGKILL');
}

/** The most memory that a process had at a time, in MB. Undefined if the process is gone. */
export function peakMemoryMB(pid: number): number | undefined {
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'utf8');
    const peak = /VmHWM:\s+(\d+) kB/.exec(status);
    return peak ? (Number(peak[1]) * 1024) / 1e6 : undefined;
  } catch {
    return undefined;
  }
}
