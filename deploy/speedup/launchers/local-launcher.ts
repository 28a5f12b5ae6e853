import { fork, spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { assert } from '../../../shared/assert.ts';
import { LockstepError } from '../../../shared/errors.ts';
import { makeToken } from '../../../shared/host/make-token.ts';
import { MODULE_ENDING } from '../../../shared/host/module-ending.ts';
import { collectLastWords, endProcess } from '../../local/child-process.ts';
import type { LocalWorkers } from '../../local/local-workers.ts';
import { startProcessWorkers } from '../../local/process-workers.ts';
import type { LaunchedRun, Launcher } from './launcher.ts';

const pathOf = (module: string): string =>
  fileURLToPath(new URL(module + MODULE_ENDING, import.meta.url));
const CLI = pathOf('../../../cli');
const SIMULATED_WORKERS = pathOf('simulated-workers');

/** The coordinator that workers join. */
interface Coordinator {
  /** A WebSocket address. */
  readonly url: string;
  readonly token: string;
}

/** Starts and stops workers. */
interface WorkerCrew {
  scale(workers: number): Promise<void>;
  stop(): Promise<void>;
}

/** For the description of a launcher. */
export const describeThreads = (threads: number): string =>
  threads === 1 ? '' : `, with ${threads} threads each`;

/** A launcher of a coordinator process and worker processes, as in `lockstep train`. */
export function createLocalLauncher(dataDir: string | undefined, threads: number): Launcher {
  return {
    description: `processes on this machine, without a CPU quota${describeThreads(threads)}`,
    start: (flags, signal) =>
      startCoordinator(flags, signal, (to, fail) => startProcesses(to, threads, dataDir, fail)),
  };
}

/**
 * A launcher of a coordinator process and one process of simulated workers. A simulated worker
 * answers after a time that is proportional to its examples, instead of computing.
 */
export function createSimulatedLauncher(
  millisecondsPerExample: number,
  dataDir: string | undefined,
): Launcher {
  return {
    description:
      'SIMULATED workers on this machine (real sockets, frames and reduction, ' +
      `but a timer of ${millisecondsPerExample} ms per example instead of computation)`,
    start: (flags, signal) =>
      startCoordinator(flags, signal, (to, fail) =>
        startSimulated(to, millisecondsPerExample, dataDir, fail),
      ),
  };
}

async function startCoordinator(
  flags: readonly string[],
  signal: AbortSignal,
  startCrew: (coordinator: Coordinator, fail: (error: Error) => void) => WorkerCrew,
): Promise<LaunchedRun> {
  const folder = await mkdtemp(join(tmpdir(), 'lockstep-speedup-'));
  const token = makeToken();
  const own = ['--port', '0', '--out', join(folder, 'run'), '--json'];
  const coordinator = spawn(process.execPath, [CLI, 'coordinator', ...flags, ...own], {
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    detached: true,
    env: environmentWith(token),
  });
  const { promise: failure, reject: fail } = Promise.withResolvers<never>();
  failure.catch(() => {});
  const listening = Promise.withResolvers<string>();
  const interrupt = () => listening.reject(signal.reason);
  signal.addEventListener('abort', interrupt, { once: true });
  const lastWords = collectLastWords(coordinator);
  assert(coordinator.stdout !== null, 'its standard output is a pipe');
  createInterface({ input: coordinator.stdout }).on('line', (line) => {
    const event = JSON.parse(line);
    if (event.event === 'listening') listening.resolve(event.url);
  });
  coordinator.once('close', (code) => {
    const reason = lastWords().replace(/^error: /, '') || `exit code ${code}`;
    const error = new LockstepError('WORKERS', `the coordinator ended: ${reason}`);
    listening.reject(error);
    fail(error);
  });
  try {
    const url = await listening.promise;
    const crew = startCrew({ url, token }, fail);
    return {
      url: url.replace('ws:', 'http:'),
      token,
      failure,
      scale: (workers) => crew.scale(workers),
      async stop() {
        // End the coordinator first, because nobody needs the workers' remaining sums.
        await endProcess(coordinator, 'SIGTERM');
        await crew.stop();
        await rm(folder, { recursive: true, force: true });
      },
    };
  } catch (error) {
    await endProcess(coordinator, 'SIGTERM');
    await rm(folder, { recursive: true, force: true });
    throw error;
  } finally {
    signal.removeEventListener('abort', interrupt);
  }
}

/** The environment of a process that has this token, whatever the user's environment says. */
function environmentWith(token: string): NodeJS.ProcessEnv {
  const { LOCKSTEP_TOKEN_FILE, ...others } = process.env;
  return { ...others, LOCKSTEP_TOKEN: token };
}

function startProcesses(
  { url, token }: Coordinator,
  threads: number,
  dataDir: string | undefined,
  fail: (error: Error) => void,
): WorkerCrew {
  const workers: LocalWorkers[] = [];
  return {
    async scale(count) {
      while (workers.length < count) {
        const options = {
          threads,
          count: 1,
          url,
          token,
          dataDir,
          onRestart: (message: string) => fail(new LockstepError('WORKERS', message)),
          onFailure: fail,
        };
        workers.push(startProcessWorkers(options));
      }
      await Promise.all(workers.splice(count).map((worker) => worker.stop()));
    },
    async stop() {
      for (const worker of workers) worker.kill();
      workers.length = 0;
    },
  };
}

function startSimulated(
  { url, token }: Coordinator,
  millisecondsPerExample: number,
  dataDir: string | undefined,
  fail: (error: Error) => void,
): WorkerCrew {
  const args = [url, String(millisecondsPerExample), ...(dataDir === undefined ? [] : [dataDir])];
  const child = fork(SIMULATED_WORKERS, args, {
    detached: true,
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    env: environmentWith(token),
  });
  const lastWords = collectLastWords(child);
  child.once('close', () =>
    fail(new LockstepError('WORKERS', `the simulated workers ended: ${lastWords()}`)),
  );
  return {
    async scale(count) {
      child.send(count);
    },
    stop: () => endProcess(child, 'SIGKILL'),
  };
}
