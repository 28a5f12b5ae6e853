/**
 * Measures whether a coordinator can handle many workers and many steps. For Linux.
 *
 * - Many workers: simulated workers use real sockets, and wait instead of computing. Measures the
 *   coordinator's memory, the delay of its event loop, and the number of lost workers.
 * - Many steps: real workers train the classic net. Measures whether the memory of the coordinator
 *   and of the workers stays constant.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { startProcessWorkers } from '../../deploy/local/process-workers.ts';
import { contestantFile, place } from './take-turns.ts';

const { values: flags } = parseArgs({
  options: {
    crowd: { type: 'string', default: '64' },
    seconds: { type: 'string', default: '30' },
    workers: { type: 'string', default: '4' },
    steps: { type: 'string', default: '20000' },
  },
});
const CLI = fileURLToPath(new URL('../../cli.ts', import.meta.url));
const SIMULATED_WORKERS = fileURLToPath(
  new URL('../../deploy/speedup/launchers/simulated-workers.ts', import.meta.url),
);
const EXAMPLE_MS = '0.05';
const SAMPLES = 80;
const STEP_TIMEOUT_MS = 60_000;

interface Cost {
  readonly residentMB: number;
  readonly p99Ms: number;
  readonly maxMs: number;
}

interface Coordinator {
  readonly child: ChildProcess;
  readonly url: string;
  status(): Promise<{ readonly step: number; readonly counters: { readonly leftWorkers: number } }>;
  cost(): Promise<Cost>;
}

/** Starts a coordinator that trains until its process is ended. */
async function startCoordinator(folder: string, ...args: string[]): Promise<Coordinator> {
  const own = ['--epochs', '100000', '--port', '0', '--out', join(folder, 'run'), '--json'];
  const child = fork(CLI, ['coordinator', ...own, ...args], {
    execArgv: ['--import', contestantFile('watch-process.ts')],
    stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
  });
  const listening = Promise.withResolvers<string>();
  if (child.stdout) {
    createInterface({ input: child.stdout }).on('line', (line) => {
      const event = JSON.parse(line);
      if (event.event === 'listening') listening.resolve(event.url);
    });
  }
  child.once('close', (code) =>
    listening.reject(new Error(`the coordinator ended with code ${code}`)),
  );
  const url = await listening.promise;
  return {
    child,
    url,
    async status() {
      const response = await fetch(`${url.replace('ws:', 'http:')}/api/status`);
      return (await response.json()) as Awaited<ReturnType<Coordinator['status']>>;
    },
    async cost() {
      child.send('cost');
      const [cost] = await once(child, 'message');
      return cost;
    },
  };
}

async function untilStep(coordinator: Coordinator, wanted: number): Promise<void> {
  let latest = -1;
  for (let since = performance.now(); latest < wanted; await sleep(100)) {
    const { step } = await coordinator.status();
    if (step > latest) since = performance.now();
    else if (performance.now() - since > STEP_TIMEOUT_MS)
      throw new Error(`no step after step ${step}`);
    latest = step;
  }
}

async function end(child: ChildProcess): Promise<void> {
  const closed = once(child, 'close');
  child.kill('SIGTERM');
  await closed;
}

async function bearCrowd(folder: string, count: number, seconds: number): Promise<void> {
  const coordinator = await startCoordinator(
    folder,
    '--min-workers',
    String(count),
    '--micro-batches',
    String(count),
  );
  const crowd = fork(SIMULATED_WORKERS, [coordinator.url, EXAMPLE_MS], {
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  crowd.send(count);
  await untilStep(coordinator, 5);
  await coordinator.cost();
  const before = await coordinator.status();
  let peakMB = 0;
  for (
    const until = performance.now() + seconds * 1000;
    performance.now() < until;
    await sleep(500)
  )
    peakMB = Math.max(peakMB, residentMB(coordinator.child.pid));
  const { p99Ms, maxMs } = await coordinator.cost();
  const { step, counters } = await coordinator.status();
  console.log(
    `${count} simulated workers, ${seconds} s: ` +
      `${((step - before.step) / seconds).toFixed(1)} steps/s; ` +
      `coordinator's peak ${peakMB.toFixed(0)} MB resident; ` +
      `event loop delayed by ${p99Ms.toFixed(1)} ms (p99), ${maxMs.toFixed(0)} ms (maximum); ` +
      `${counters.leftWorkers} workers lost`,
  );
  crowd.kill('SIGKILL');
  await end(coordinator.child);
}

async function endure(folder: string, count: number, steps: number): Promise<void> {
  const coordinator = await startCoordinator(folder, '--min-workers', String(count));
  const onFailure = (error: Error) => {
    throw error;
  };
  const workers = startProcessWorkers({
    threads: 1,
    count,
    url: coordinator.url,
    onRestart: console.log,
    onFailure,
  });
  const samples: { coordinator: number; workers: number }[] = [];
  while (samples.length < SAMPLES) {
    await untilStep(coordinator, ((samples.length + 1) * steps) / SAMPLES);
    const ofWorkers = workers.running().map(({ pid }) => residentMB(pid));
    samples.push({
      coordinator: residentMB(coordinator.child.pid),
      workers: ofWorkers.reduce((sum, value) => sum + value) / ofWorkers.length,
    });
  }
  for (const who of ['coordinator', 'workers'] as const) {
    const quarter = (index: number) => {
      const part = samples.slice((index * SAMPLES) / 4, ((index + 1) * SAMPLES) / 4);
      return part.reduce((sum, sample) => sum + sample[who], 0) / part.length;
    };
    const [first, second, third, fourth] = [0, 1, 2, 3].map(quarter);
    const quarters = [first, second, third, fourth].map((value) => value.toFixed(1)).join(', ');
    console.log(
      `${steps} steps, ${count} workers, ${who}: ${quarters} MB resident in the four quarters; ` +
        `the last is ${(fourth / second).toFixed(3)} times the second`,
    );
  }
  workers.kill();
  await end(coordinator.child);
}

function residentMB(pid: number | undefined): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return (Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) * 1024) / 1e6;
}

console.log(`${place}; Node ${process.versions.node}`);
const folder = await mkdtemp(join(tmpdir(), 'lockstep-bench-'));
try {
  await bearCrowd(join(folder, 'crowd'), Number(flags.crowd), Number(flags.seconds));
  await endure(join(folder, 'steps'), Number(flags.workers), Number(flags.steps));
} finally {
  await rm(folder, { recursive: true, force: true });
}
