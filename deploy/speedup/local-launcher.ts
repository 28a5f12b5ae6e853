import { type ChildProcess, fork, spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { assert } from '../../shared/assert.ts';
import { LockstepError } from '../../shared/errors.ts';
import { type LocalWorkers, startLocalWorkers } from '../local-workers.ts';
import type { LaunchedRun, Launcher } from './launcher.ts';

const CLI = fileURLToPath(new URL('../../cli.ts', import.meta.url));
const SIMULATED_WORKERS = fileURLToPath(new URL('simulated-workers.ts', import.meta.url));
const STOP_TIMEOUT_MS = 10_000;

/** Starts and stops workers that join `url`, a WebSocket address. */
interface WorkerCrew {
  scale(workers: number): Promise<void>;
  stop(): Promise<void>;
}

/** A coordinator process and worker processes, as `lockstep train` starts them. */
export function createLocalLauncher(dataDir: string | undefined): Launcher {
  return {
    description: 'processes on this machine, without quotas',
    start: (flags, signal) =>
      startCoordinator(flags, signal, (url, fail) => startProcesses(url, dataDir, fail)),
  };
}

/** A coordinator process, and workers in one other process that answer after a time instead of computing. */
export function createSimulatedLauncher(
  millisecondsPerExample: number,
  dataDir: string | undefined,
): Launcher {
  return {
    description:
      'SIMULATED workers on this machine: real sockets, frames and reduction, ' +
      `but a timer of ${millisecondsPerExample} ms an example in the place of computing`,
    start: (flags, signal) =>
      startCoordinator(flags, signal, (url, fail) =>
        startSimulated(url, millisecondsPerExample, dataDir, fail),
      ),
  };
}

async function startCoordinator(
  flags: readonly string[],
  signal: AbortSignal,
  startCrew: (url: string, fail: (error: Error) => void) => WorkerCrew,
): Promise<LaunchedRun> {
  const folder = await mkdtemp(join(tmpdir(), 'lockstep-speedup-'));
  const own = ['--port', '0', '--out', join(folder, 'run'), '--json'];
  const coordinator = spawn(process.execPath, [CLI, 'coordinator', ...flags, ...own], {
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    detached: true,
  });
  const { promise: failure, reject: fail } = Promise.withResolvers<never>();
  failure.catch(() => {});
  const listening = Promise.withResolvers<string>();
  const interrupt = () => listening.reject(signal.reason);
  signal.addEventListener('abort', interrupt, { once: true });
  let lastWords = '';
  coordinator.stderr?.setEncoding('utf8').on('data', (text: string) => {
    lastWords = (lastWords + text).slice(-2000);
  });
  assert(coordinator.stdout !== null, 'its standard output is a pipe');
  createInterface({ input: coordinator.stdout }).on('line', (line) => {
    const event = JSON.parse(line);
    if (event.event === 'listening') listening.resolve(event.url);
  });
  coordinator.once('close', (code) => {
    const reason = lastWords.trim().replace(/^error: /, '') || `exit code ${code}`;
    const error = new LockstepError('WORKERS', `the coordinator ended: ${reason}`);
    listening.reject(error);
    fail(error);
  });
  try {
    const url = await listening.promise;
    const crew = startCrew(url, fail);
    return {
      url: url.replace('ws:', 'http:'),
      failure,
      scale: (workers) => crew.scale(workers),
      async stop() {
        // First the coordinator: what its workers still compute is of no use to anybody.
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

function startProcesses(url: string, dataDir: string | undefined, fail: (error: Error) => void): WorkerCrew {
  const workers: LocalWorkers[] = [];
  return {
    async scale(count) {
      while (workers.length < count) {
        const options = {
          count: 1,
          url,
          dataDir,
          onRestart: (message: string) => fail(new LockstepError('WORKERS', message)),
          onFailure: fail,
        };
        workers.push(startLocalWorkers(options));
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
  url: string,
  millisecondsPerExample: number,
  dataDir: string | undefined,
  fail: (error: Error) => void,
): WorkerCrew {
  const args = [url, String(millisecondsPerExample), ...(dataDir === undefined ? [] : [dataDir])];
  const child = fork(SIMULATED_WORKERS, args, { detached: true, stdio: ['ignore', 'ignore', 'pipe', 'ipc'] });
  let lastWords = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    lastWords = (lastWords + text).slice(-2000);
  });
  child.once('close', () => fail(new LockstepError('WORKERS', `the simulated workers ended: ${lastWords}`)));
  return {
    async scale(count) {
      child.send(count);
    },
    stop: () => endProcess(child, 'SIGKILL'),
  };
}

async function endProcess(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise((resolve) => child.once('close', resolve));
  child.kill(signal);
  const force = setTimeout(() => child.kill('SIGKILL'), STOP_TIMEOUT_MS);
  await ended;
  clearTimeout(force);
}
