/* Where the coordinator and the workers of a measured cluster run: processes, or containers. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { contestantFile } from '../take-turns.ts';

const CLI = fileURLToPath(new URL('../../../cli.ts', import.meta.url));
const PORT = 8080;

/** A part of what the coordinator tells at `/api/status`. */
export interface Status {
  readonly step: number;
  readonly globalBatch: number;
  readonly counters: { readonly sentBytes: number; readonly receivedBytes: number };
}

export interface StartedCoordinator {
  readonly pid: number;
  status(): Promise<Status>;
  /** Its event loop's delay since the last call, 99th percentile. Undefined in a container. */
  loopDelayMs(): Promise<number | undefined>;
}

/** The pids are those that this process sees. */
export interface ClusterPlace {
  startCoordinator(args: readonly string[]): Promise<StartedCoordinator>;
  /** Returns the worker's pid. */
  startWorker(args: readonly string[]): number;
  close(): Promise<void>;
}

/** Processes on this machine, connected over loopback. */
export function createProcesses(): ClusterPlace {
  const folder = mkdtempSync(join(tmpdir(), 'lockstep-bench-'));
  const children: ChildProcess[] = [];
  const start = (args: readonly string[], more: readonly string[] = []) => {
    const child = spawn(process.execPath, [...more, CLI, ...args], {
      stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
    });
    children.push(child);
    return child;
  };
  let url = '';
  return {
    async startCoordinator(args) {
      const out = ['--out', join(folder, 'run'), '--port', '0', '--json'];
      const watched = ['--import', contestantFile('watch-process.ts')];
      const child = start(['coordinator', ...args, ...out], watched);
      url = await new Promise<string>((resolve) => {
        createInterface({ input: child.stdout ?? process.stdin }).on('line', (line) => {
          const event = JSON.parse(line);
          if (event.event === 'listening') resolve(event.url);
        });
      });
      return {
        pid: child.pid ?? 0,
        status: () => askStatus(url.replace('ws:', 'http:')),
        loopDelayMs: () =>
          new Promise((resolve) => {
            child.once('message', (message) => resolve((message as { p99Ms: number }).p99Ms));
            child.send('');
          }),
      };
    },
    startWorker: (args) => start(['worker', url, ...args]).pid ?? 0,
    async close() {
      for (const child of children) child.kill('SIGKILL');
      await sleep(200);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

const docker = (...args: readonly string[]): string =>
  execFileSync('docker', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] }).trim();

/** Containers of the image on a network of their own. None of them has a CPU quota. */
export function createContainers(image: string): ClusterPlace {
  const token = randomUUID();
  const network = docker('network', 'create', `lockstep-bench-${token}`);
  const start = (args: readonly string[], options: readonly string[] = []): number => {
    const common = ['--rm', '--network', network, '--env', `LOCKSTEP_TOKEN=${token}`];
    const id = docker('run', '--detach', ...common, ...options, image, ...args);
    return Number(docker('inspect', '--format', '{{.State.Pid}}', id));
  };
  return {
    async startCoordinator(args) {
      const port = await freePort();
      const options = ['--network-alias', 'coordinator', '--publish', `127.0.0.1:${port}:${PORT}`];
      const where = ['--host', '0.0.0.0', '--allow-host', 'coordinator'];
      const pid = start(['coordinator', ...args, ...where], options);
      return {
        pid,
        status: () => askStatus(`http://127.0.0.1:${port}`, token),
        loopDelayMs: async () => undefined,
      };
    },
    startWorker: (args) => start(['worker', `ws://coordinator:${PORT}`, ...args]),
    async close() {
      // Those of a command that failed are among them.
      const ids = docker('ps', '--all', '--quiet', '--filter', `network=${network}`);
      if (ids !== '') docker('rm', '--force', '--volumes', ...ids.split('\n'));
      docker('network', 'rm', network);
    },
  };
}

async function askStatus(url: string, token = ''): Promise<Status> {
  const headers = { Authorization: `Bearer ${token}` };
  const answer = await fetch(`${url}/api/status`, { headers });
  return (await answer.json()) as Status;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === 'object' && address ? address.port : 0;
}
