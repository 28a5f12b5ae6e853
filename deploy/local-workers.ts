import { type ChildProcess, fork } from 'node:child_process';
import { compileCacheDirectory } from '../shared/cache-directory.ts';
import { LockstepError } from '../shared/errors.ts';
import { handOverTested } from '../shared/load-engine.ts';

export interface LocalWorkersOptions {
  readonly count: number;
  /** The number in the first one's name. */
  readonly firstNumber?: number;
  readonly url: string;
  readonly token?: string | undefined;
  readonly dataDir?: string | undefined;
  /** The probability that a worker flips a bit of a sum, to see it caught. */
  readonly corrupt?: number | undefined;
  /** A worker ended that should not have, and is started again. */
  readonly onRestart: (message: string) => void;
  /** Workers end again and again: there is no use in going on. */
  readonly onFailure: (error: Error) => void;
}

export interface LocalWorkers {
  /** The processes that run now. */
  pids(): number[];
  /** Starts one more, which is not started again when it ends; false if there are as many of these as of the others. */
  startExtra(): boolean;
  /** Lets all workers finish and leave, and ends those that do not. */
  stop(): Promise<void>;
  /** Ends all workers now. */
  kill(): void;
}

const CLI = new URL('../cli.ts', import.meta.url);
/**
 * A worker computes in WebAssembly and leaves V8 little to collect: threads for that cost more than they help, and all
 * that its start allocates fits into a larger nursery. Together a quarter of the start's CPU time.
 */
const NODE_FLAGS = ['--single-threaded-gc', '--min-semi-space-size=16'];

const STOP_TIMEOUT_MS = 10_000;

/** A worker that exits sooner than this after its start has failed to start. One that was killed has not. */
const QUICK_EXIT_MS = 5_000;
const QUICK_EXITS_MAX = 5;
const RESTART_DELAY_MIN_MS = 100;
const RESTART_DELAY_MAX_MS = 5_000;

/** Starts worker processes on this machine and keeps them alive until they are stopped. */
export function startLocalWorkers(options: LocalWorkersOptions): LocalWorkers {
  const { count, firstNumber = 0, token, onRestart, onFailure } = options;
  const children = new Map<number, ChildProcess>();
  const restarts = new Set<NodeJS.Timeout>();
  let isStopping = false;

  function start(index: number, quickExits: number): void {
    const name = `local-${firstNumber + index}`;
    const startedAt = performance.now();
    const child = fork(CLI, argumentsOf(name, options), {
      execArgv: [...process.execArgv, ...NODE_FLAGS],
      // A group of its own: Ctrl-C is for the coordinator alone, which then lets its workers finish.
      detached: true,
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
      env: {
        NODE_COMPILE_CACHE: compileCacheDirectory(),
        ...process.env,
        ...handOverTested(),
        ...(token !== undefined && { LOCKSTEP_TOKEN: token }),
      },
    });
    children.set(index, child);
    let lastWords = '';
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      lastWords = (lastWords + text).slice(-2000);
    });
    child.once('error', (error) => onEnd(error.message, false));
    child.once('close', (code, signal) => onEnd(signal ?? `exit code ${code}`, signal !== null));

    function onEnd(how: string, isKilled: boolean): void {
      if (children.get(index) !== child) return;
      children.delete(index);
      if (isStopping || index >= count) return;
      const reason = [how, lastWords.trim().split('\n').at(-1)].filter(Boolean).join(': ');
      const isQuickExit = !isKilled && performance.now() - startedAt < QUICK_EXIT_MS;
      const nextQuickExits = isQuickExit ? quickExits + 1 : 0;
      if (nextQuickExits >= QUICK_EXITS_MAX) {
        return onFailure(new LockstepError('WORKERS', `worker ${name} does not stay up (${reason}).`));
      }
      onRestart(`worker ${name} ended (${reason}); starting it again`);
      const delayMs = Math.min(RESTART_DELAY_MAX_MS, RESTART_DELAY_MIN_MS * 2 ** nextQuickExits);
      const timer = setTimeout(() => {
        restarts.delete(timer);
        start(index, nextQuickExits);
      }, delayMs);
      restarts.add(timer);
    }
  }

  for (let index = 0; index < count; index++) start(index, 0);

  function signalAll(signal: NodeJS.Signals): void {
    isStopping = true;
    for (const timer of restarts) clearTimeout(timer);
    for (const child of children.values()) child.kill(signal);
  }

  return {
    pids: () => Array.from(children.values(), ({ pid }) => pid).filter((pid) => pid !== undefined),
    startExtra() {
      const free = Array.from({ length: count }, (_, i) => count + i).find((index) => !children.has(index));
      if (free === undefined || isStopping) return false;
      start(free, 0);
      return true;
    },
    kill: () => signalAll('SIGKILL'),
    async stop() {
      const running = [...children.values()];
      const ended = running.map((child) => new Promise((resolve) => child.once('close', resolve)));
      signalAll('SIGTERM');
      const force = setTimeout(() => signalAll('SIGKILL'), STOP_TIMEOUT_MS);
      await Promise.all(ended);
      clearTimeout(force);
    },
  };
}

function argumentsOf(name: string, { url, dataDir, corrupt }: LocalWorkersOptions): string[] {
  return [
    ...['worker', url, '--name', name],
    ...(dataDir === undefined ? [] : ['--data-dir', dataDir]),
    ...(corrupt === undefined ? [] : ['--corrupt', String(corrupt)]),
  ];
}
