/**
 * A contestant that measures a coordinator and its workers, each in a process or a container of its
 * own.
 *
 *   node one-connection.ts PLACE WORKERS THREADS MODEL GLOBAL-BATCH SECONDS
 *
 * PLACE is `processes`, or the name of an image, for containers. Prints a line of JSON: examples/s,
 * bytes per step, the memory of all workers (proportional set size, PSS), the CPU time of the
 * coordinator, and how late its event loop was. For Linux, and for containers as root.
 */
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { createContainers, createProcesses, type Status } from './cluster-places.ts';

const WARM_UP_MS = 2000;
const START_TIMEOUT_MS = 60_000;

const [place, workers, threads, model, globalBatch, seconds] = process.argv.slice(2);

/** The user and system time of a process so far, in ms. */
function cpuMsOf(pid: number): number {
  const [, text] = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ');
  const [user, system] = text.split(' ').slice(11, 13).map(Number);
  return (user + system) * 10;
}

/** The memory of a process, in which pages that n processes share count for 1/n. */
function megabytesOf(pid: number): number {
  const text = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8');
  const [, kilobytes] = /^Pss:\s+(\d+)/m.exec(text) ?? [];
  return Number(kilobytes) / 1000;
}

const cluster = place === 'processes' ? createProcesses() : createContainers(place);
for (const signal of ['SIGINT', 'SIGTERM'])
  process.once(signal, () => void cluster.close().finally(() => process.exit(1)));
try {
  const coordinator = await cluster.startCoordinator([
    ...['--min-workers', workers, '--epochs', '100000'],
    ...['--model', model, '--global-batch', globalBatch, '--optimizer', 'momentum'],
  ]);
  const pids = Array.from({ length: Number(workers) }, () =>
    cluster.startWorker(['--threads', threads]),
  );
  const startedAt = performance.now();
  const stepOf = () =>
    coordinator.status().then(
      ({ step }) => step,
      () => 0,
    );
  while ((await stepOf()) < 20) {
    if (performance.now() - startedAt > START_TIMEOUT_MS) throw new Error('it does not train');
    await sleep(100);
  }
  await sleep(WARM_UP_MS);
  await coordinator.loopDelayMs();
  const look = async () => ({
    status: await coordinator.status(),
    cpuMs: cpuMsOf(coordinator.pid),
    at: performance.now(),
  });
  const before = await look();
  await sleep(1000 * Number(seconds));
  const after = await look();
  const steps = after.status.step - before.status.step;
  const elapsedSeconds = (after.at - before.at) / 1000;
  const bytesOf = ({ counters: { sentBytes, receivedBytes } }: Status) => sentBytes + receivedBytes;
  console.log(
    JSON.stringify({
      examplesPerSecond: (steps * after.status.globalBatch) / elapsedSeconds,
      megabytesPerStep: (bytesOf(after.status) - bytesOf(before.status)) / steps / 1e6,
      workersMegabytes: pids.reduce((sum, pid) => sum + megabytesOf(pid), 0),
      coordinatorMegabytes: megabytesOf(coordinator.pid),
      coordinatorCpuMsPerStep: (after.cpuMs - before.cpuMs) / steps,
      coordinatorCores: (after.cpuMs - before.cpuMs) / 1000 / elapsedSeconds,
      loopDelayP99Ms: await coordinator.loopDelayMs(),
    }),
  );
} finally {
  await cluster.close();
}
