import { type ChildProcess, type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';
import type { RunEvent } from '../../../coordinator/reporting/events.ts';
import { temporaryFolder } from '../temporary-folder.ts';

const COMPILE_CACHE = join(tmpdir(), 'lockstep-test-compile-cache');
/** The file of the command. */
export const CLI = fileURLToPath(new URL('../../../cli.ts', import.meta.url));

type CliEvent =
  | RunEvent
  | { event: 'error'; code: string; message: string }
  | { event: 'joined'; rank: number };
type EventOf<Name extends CliEvent['event']> = Extract<CliEvent, { event: Name }>;

/** A `lockstep` command that runs in its own process. */
export interface RunningCli {
  readonly child: ChildProcess;
  readonly pid: number;
  /** The lines of standard output so far. */
  readonly lines: string[];
  /** The events that `--json` has printed so far. */
  events(): CliEvent[];
  /**
   * Resolves to the next event of that name for which `isIt` holds. Each call continues after the
   * event that the last call returned. Rejects if the process ends without such an event.
   */
  next<Name extends CliEvent['event']>(
    name: Name,
    isIt?: (event: EventOf<Name>) => boolean,
  ): Promise<EventOf<Name>>;
  /** Resolves when the process has ended and all its output has been read. */
  readonly ended: Promise<{
    code: number | null;
    signal: string | null;
    stdout: string;
    stderr: string;
  }>;
}

export interface CliOptions {
  readonly cwd?: string;
  readonly env?: Record<string, string>;
  /** Another Node, with the arguments before those of the command. */
  readonly node?: readonly string[];
}

/**
 * Starts `lockstep` with its own cache and without mirrors. The process is killed when the test
 * ends.
 */
export function startCli(
  args: readonly string[],
  { cwd, env = {}, node: [node, ...nodeArgs] = [process.execPath] }: CliOptions = {},
): RunningCli {
  const directory = cwd ?? temporaryFolder();
  const child = spawn(node, [...nodeArgs, CLI, ...args], {
    cwd: directory,
    env: { ...cliEnvironment(directory), ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  return watchProcess(child);
}

/** The environment of a command whose cache is in `directory`. */
export function cliEnvironment(directory: string): NodeJS.ProcessEnv {
  return {
    ...process.env,
    XDG_CACHE_HOME: directory,
    LOCKSTEP_MIRRORS: '',
    NODE_COMPILE_CACHE: COMPILE_CACHE, // halves the startup time
  };
}

/** Reads the output of a `lockstep` process. The process is killed when the test ends. */
export function watchProcess(child: ChildProcessByStdio<null, Readable, Readable>): RunningCli {
  onTestFinished(() => void child.kill('SIGKILL'));
  const lines: string[] = [];
  const stderr: string[] = [];
  const watchers = new Set<() => void>();
  const changed = () => {
    for (const watch of watchers) watch();
  };
  createInterface({ input: child.stdout }).on('line', (line) => {
    lines.push(line);
    changed();
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => stderr.push(text));
  let isEnded = false; // later than the exit: all output has been read by then
  const ended = once(child, 'close').then(([code, signal]) => {
    isEnded = true;
    changed();
    return { code, signal, stdout: lines.join('\n'), stderr: stderr.join('') };
  });
  let seen = 0;

  return {
    child,
    pid: child.pid ?? 0,
    lines,
    ended,
    events: () => lines.map((line) => JSON.parse(line) as CliEvent),
    next(name, isIt = () => true) {
      return new Promise((resolve, reject) => {
        const watch = () => {
          for (; seen < lines.length; seen++) {
            const event = JSON.parse(lines[seen]) as EventOf<typeof name>;
            if (event.event !== name || !isIt(event)) continue;
            seen++;
            watchers.delete(watch);
            return resolve(event);
          }
          if (isEnded) {
            reject(
              new Error(
                `the process ended without a ${name} event: ` +
                  `${stderr.join('')}${lines.slice(-3).join('\n')}`,
              ),
            );
          }
        };
        watchers.add(watch);
        watch();
      });
    },
  };
}

/** Runs a command to its end. Resolves to its exit code and output. */
export const runCli = (args: readonly string[], options?: CliOptions) =>
  startCli(args, options).ended;

/** Runs a command with `--json`. Resolves to its `done` event, or rejects if the command fails. */
export async function runToDone(
  args: readonly string[],
  options?: CliOptions,
): Promise<EventOf<'done'>> {
  const { code, stdout, stderr } = await runCli([...args, '--json'], options);
  if (code !== 0) throw new Error(`exit code ${code}: ${stderr}`);
  return JSON.parse(stdout.split('\n').at(-1) ?? '');
}

/** Whether a process exists. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/** Resolves as soon as a process is gone. */
export async function untilGone(pid: number): Promise<void> {
  while (isAlive(pid)) await new Promise((resolve) => setTimeout(resolve, 20));
}
