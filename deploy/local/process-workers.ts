import { type ChildProcess, fork } from 'node:child_process';
import { KILLED } from '../../coordinator/control/controlled.ts';
import type { Clock } from '../../shared/clock.ts';
import { compileCacheDirectory } from '../../shared/host/cache-directory.ts';
import { handOverTested } from '../../shared/host/load-engine.ts';
import { handOverVerified } from '../../shared/host/verified-files.ts';
import { OWN_IDENTITY } from '../../shared/protocol/limits.ts';
import { systemClock } from '../../shared/system-clock.ts';
import { workerModule } from '../../worker/worker-module.ts';
import { collectLastWords, describeExit, endProcess } from './child-process.ts';
import {
  type KeepOptions,
  keepWorkers,
  type LocalWorkers,
  type RunningWorker,
  type WorkerEnd,
} from './local-workers.ts';

export interface ProcessWorkersOptions
  extends Pick<KeepOptions, 'count' | 'onRestart' | 'onFailure'> {
  /** The threads of each worker. */
  readonly threads: number;
  readonly url: string;
  readonly token?: string | undefined;
  /** Issues an identity for a worker; see `StartContext`. */
  readonly issueIdentity?: () => string;
  /** Called before a worker is killed; see `StartContext`. */
  readonly noteKilled?: (identity: string) => void;
  readonly dataDir?: string | undefined;
  /** Probability that a worker flips a bit of a sum, to test that an audit finds it. */
  readonly corrupt?: number | undefined;
}

/**
 * A worker computes in WebAssembly and leaves little garbage to V8, so threads for garbage
 * collection cost more than they help. All allocations of its start fit into a larger young
 * generation. Together, both flags save a quarter of the CPU time of the start.
 */
const NODE_FLAGS = ['--single-threaded-gc', '--min-semi-space-size=16'];

/** Starts worker processes on this machine, and starts them again until they are stopped. */
export function startProcessWorkers(options: ProcessWorkersOptions): LocalWorkers {
  const { count, onRestart, onFailure } = options;
  const module = workerModule();
  return keepWorkers({
    count,
    onRestart,
    onFailure,
    clock: systemClock,
    start: (name) => startProcess(module, name, options, systemClock),
  });
}

function startProcess(
  module: URL,
  name: string,
  options: ProcessWorkersOptions,
  clock: Clock,
): RunningWorker {
  const identity = options.issueIdentity?.();
  const child = forkWorker(module, name, identity, options);
  let cancelWaking: (() => void) | undefined;
  let isKilled = false;

  function wake(): void {
    cancelWaking?.();
    cancelWaking = undefined;
    child.kill('SIGCONT');
  }

  const ended = endOf(child, options).then((end) => {
    cancelWaking?.();
    return isKilled ? { ...end, how: KILLED } : end;
  });
  return {
    kind: 'process',
    pid: child.pid,
    identity,
    ended,
    kill() {
      isKilled = true;
      if (identity !== undefined) options.noteKilled?.(identity);
      child.kill('SIGKILL');
    },
    stall(milliseconds) {
      cancelWaking?.();
      child.kill('SIGSTOP');
      cancelWaking = clock.setTimer(milliseconds, wake);
    },
    leave() {
      child.kill('SIGTERM');
      wake();
    },
    async stop() {
      if (cancelWaking) wake();
      await endProcess(child, 'SIGTERM');
    },
  };
}

/** How a worker ends, in its last words. */
function endOf(child: ChildProcess, { corrupt }: ProcessWorkersOptions): Promise<WorkerEnd> {
  const lastWords = collectLastWords(child);
  const describe = (how: string) =>
    [how, lastWords().split('\n').at(-1)].filter(Boolean).join(': ');
  return new Promise((resolve) => {
    child.once('error', ({ message }) => resolve({ how: describe(message), isFailure: true }));
    child.once('close', (code, signal) => {
      // A worker that flips bits is expelled, as it should be.
      const isFailure = signal === null && corrupt === undefined;
      resolve({ how: describe(describeExit(code, signal)), isFailure });
    });
  });
}

function forkWorker(
  module: URL,
  name: string,
  identity: string | undefined,
  options: ProcessWorkersOptions,
): ChildProcess {
  const { token } = options;
  return fork(module, argumentsOf(name, options), {
    execArgv: [...process.execArgv, ...NODE_FLAGS],
    // A process group of its own, so that Ctrl-C reaches only the coordinator. It lets the workers
    // finish their shares.
    detached: true,
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    env: {
      NODE_COMPILE_CACHE: compileCacheDirectory(),
      ...process.env,
      ...handOverTested(),
      ...handOverVerified(),
      ...(token !== undefined && { LOCKSTEP_TOKEN: token }),
      ...(identity !== undefined && { [OWN_IDENTITY]: identity }),
    },
  });
}

function argumentsOf(
  name: string,
  { url, threads, dataDir, corrupt }: ProcessWorkersOptions,
): string[] {
  return [
    ...['worker', url, '--name', name, '--threads', String(threads)],
    ...(dataDir === undefined ? [] : ['--data-dir', dataDir]),
    ...(corrupt === undefined ? [] : ['--corrupt', String(corrupt)]),
  ];
}
