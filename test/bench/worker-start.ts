/**
 * Measures what the start of a worker costs: the CPU time of its process from the start until it is
 * ready, and until the end of its first share. The coordinator is a fake, which asks for one share
 * of the classic net's first step. `--cold` leaves out what a coordinator's process hands over.
 */
import { fork, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { type WebSocket, WebSocketServer } from 'ws';
import { coordinatorSources, loadDataset } from '../../shared/data/loading/load-dataset.ts';
import { compileCacheDirectory } from '../../shared/host/cache-directory.ts';
import { availableNumerics, handOverTested } from '../../shared/host/load-engine.ts';
import { handOverVerified } from '../../shared/host/verified-files.ts';
import { decodeWorkerFrame, encodeFrame } from '../../shared/protocol/codec.ts';
import { CHUNK_BYTES_MAX } from '../../shared/protocol/limits.ts';
import { challengeFor } from '../../shared/round/challenge-for.ts';
import type { RunConfig } from '../../shared/round/run-config.ts';
import { workerModule } from '../../worker/worker-module.ts';
import { place } from './take-turns.ts';

const { values: flags } = parseArgs({
  options: { rounds: { type: 'string', default: '20' }, cold: { type: 'boolean' } },
});
const CLI = fileURLToPath(new URL('../../cli.ts', import.meta.url));
const NODE_FLAGS = ['--single-threaded-gc', '--min-semi-space-size=16'];
const SHARE = { kind: 'train', step: 0, lo: 0, hi: 8 } as const;

interface Start {
  readonly readyCpuMs: number;
  readonly readyMs: number;
  readonly shareCpuMs: number;
}

/** The configuration of a run with default flags. */
function defaultConfig(): RunConfig {
  const folder = mkdtempSync(join(tmpdir(), 'lockstep-bench-'));
  const args = ['train', '--workers', '0', '--steps', '1', '--out', join(folder, 'run')];
  const { status, stderr } = spawnSync(process.execPath, [CLI, ...args]);
  if (status !== 0) throw new Error(String(stderr));
  const { config } = JSON.parse(readFileSync(join(folder, 'run/config.json'), 'utf8'));
  rmSync(folder, { recursive: true });
  return config;
}

/** The CPU time of a process, in ms. For Linux. */
function cpuMsOf(pid: number): number {
  const [, text] = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ');
  const [user, system] = text.split(' ').slice(11, 13).map(Number);
  return (user + system) * 10;
}

async function measureStart(config: RunConfig): Promise<Start> {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1', perMessageDeflate: false });
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const startedAt = performance.now();
  const args = ['worker', `ws://127.0.0.1:${port}`, '--name', 'bench', '--threads', '1'];
  const child = fork(flags.cold ? CLI : workerModule(), args, {
    execArgv: flags.cold ? [] : NODE_FLAGS,
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    env: {
      NODE_COMPILE_CACHE: compileCacheDirectory(),
      ...process.env,
      ...(flags.cold ? {} : { ...handOverTested(), ...handOverVerified() }),
    },
  });
  const [socket] = (await once(server, 'connection')) as [WebSocket];
  const challenge = challengeFor(config);
  let readyCpuMs = 0;
  let readyMs = 0;
  const { promise, resolve } = Promise.withResolvers<number>();
  socket.on('message', (data: Buffer) => {
    const { message } = decodeWorkerFrame(data);
    if (message.type === 'hello')
      socket.send(encodeFrame({ type: 'welcome', rank: 0, identity: 'bench', config, challenge }));
    if (message.type === 'ready') {
      readyMs = performance.now() - startedAt;
      readyCpuMs = cpuMsOf(child.pid ?? 0);
      socket.send(encodeFrame({ type: 'accepted' }));
      const bytes = new Uint8Array(4 * message.parameterCount);
      for (let offset = 0; offset < bytes.length; offset += CHUNK_BYTES_MAX) {
        const chunk = bytes.subarray(offset, offset + CHUNK_BYTES_MAX);
        socket.send(encodeFrame({ type: 'parameters', step: 0, offset }, chunk));
      }
      socket.send(encodeFrame({ type: 'share', ...SHARE }));
    }
    if (message.type === 'partial-sum' && message.timing) resolve(message.timing.cpuMs);
  });
  const shareCpuMs = await promise;
  child.kill('SIGKILL');
  await once(child, 'close');
  server.close();
  return { readyCpuMs, readyMs, shareCpuMs };
}

availableNumerics();
const config = defaultConfig();
await loadDataset(config.dataset, coordinatorSources(undefined), {
  signal: new AbortController().signal,
  report: () => {},
});
// The first start fills the caches.
await measureStart(config);
const starts: Start[] = [];
while (starts.length < Number(flags.rounds)) starts.push(await measureStart(config));
const median = (key: keyof Start): string => {
  const values = starts.map((start) => start[key]).sort((a, b) => a - b);
  return `${values[values.length >> 1].toFixed(0)} ms`;
};
console.log(`${place}; Node ${process.versions.node}; medians of ${flags.rounds} starts`);
console.log(
  `CPU ${median('readyCpuMs')} until ready, ${median('shareCpuMs')} until the end of the first ` +
    `share; ready after ${median('readyMs')}`,
);
