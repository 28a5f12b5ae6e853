/**
 * A contestant that measures a coordinator and its workers over loopback, each in a process of its
 * own.
 *
 *   node one-connection.ts WORKERS THREADS MODEL GLOBAL-BATCH SECONDS
 *
 * Prints a line of JSON: examples/s, bytes per step, the memory of all workers at its peak, the CPU
 * time of the coordinator per step, and how late its event loop was. For Linux.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const CLI = fileURLToPath(new URL('../../../cli.ts', import.meta.url));
const WATCH = fileURLToPath(new URL('watch-process.ts', import.meta.url));
const WARM_UP_MS = 2000;

interface Status {
  readonly step: number;
  readonly globalBatch: number;
  readonly counters: { readonly sentBytes: number; readonly receivedBytes: number };
}

const [workers, threads, model, globalBatch, seconds] = process.argv.slice(2);
const folder = await mkdtemp(join(tmpdir(), 'lockstep-bench-'));
const children: ChildProcess[] = [];
const start = (args: string[], more: string[] = []) => {
  const child = spawn(process.execPath, [...more, CLI, ...args], {
    stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
  });
  children.push(child);
  return child;
};

/** The user and system time of a process so far, in ms. */
function cpuMsOf({ pid }: ChildProcess): number {
  const [, text] = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ');
  const [user, system] = text.split(' ').slice(11, 13).map(Number);
  return (user + system) * 10;
}

function peakMegabytesOf({ pid }: ChildProcess): number {
  const [, kilobytes] = /VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
  return Number(kilobytes) / 1000;
}

try {
  const run = ['--model', model, '--global-batch', globalBatch, '--optimizer', 'momentum'];
  const coordinator = start(
    [
      ...['coordinator', '--port', '0', '--min-workers', workers, '--epochs', '100000'],
      ...[...run, '--out', join(folder, 'run'), '--json'],
    ],
    ['--import', WATCH],
  );
  const url = await new Promise<string>((resolve) => {
    createInterface({ input: coordinator.stdout ?? process.stdin }).on('line', (line) => {
      const event = JSON.parse(line);
      if (event.event === 'listening') resolve(event.url);
    });
  });
  const own = Array.from({ length: Number(workers) }, () =>
    start(['worker', url, '--threads', threads]),
  );
  const status = async () =>
    (await (await fetch(`${url.replace('ws:', 'http:')}/api/status`)).json()) as Status;
  while ((await status()).step < 20) await sleep(100);
  await sleep(WARM_UP_MS);
  const loopDelay = () =>
    new Promise<{ p99Ms: number }>((resolve) => {
      coordinator.once('message', (message) => resolve(message as { p99Ms: number }));
      coordinator.send('');
    });
  await loopDelay();
  const [before, cpuBefore, startedAt] = [await status(), cpuMsOf(coordinator), performance.now()];
  await sleep(1000 * Number(seconds));
  const [after, cpuAfter, endedAt] = [await status(), cpuMsOf(coordinator), performance.now()];
  const steps = after.step - before.step;
  const bytesOf = ({ counters: { sentBytes, receivedBytes } }: Status) => sentBytes + receivedBytes;
  console.log(
    JSON.stringify({
      examplesPerSecond: (steps * after.globalBatch) / ((endedAt - startedAt) / 1000),
      megabytesPerStep: (bytesOf(after) - bytesOf(before)) / steps / 1e6,
      workersMegabytes: own.reduce((sum, child) => sum + peakMegabytesOf(child), 0),
      coordinatorCpuMsPerStep: (cpuAfter - cpuBefore) / steps,
      loopDelayP99Ms: (await loopDelay()).p99Ms,
    }),
  );
} finally {
  for (const child of children) child.kill('SIGKILL');
  await sleep(200);
  await rm(folder, { recursive: true, force: true });
}
