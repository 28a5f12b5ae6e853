import type { StartContext } from '../../coordinator/cluster/cluster.ts';
import type { ConnectedThreads } from '../../coordinator/cluster/worker-pool.ts';
import { KILLED } from '../../coordinator/control/controlled.ts';
import type { SharedEngine } from '../../shared/engine/threads/shared-engine.ts';
import { createThreadGroup } from '../../shared/engine/threads/thread-group.ts';
import { processUsage } from '../../shared/host/process-usage.ts';
import { systemClock } from '../../shared/system-clock.ts';
import type { ThreadPlace } from '../../shared/threads/serve-desk.ts';
import { type NodeThread, startThreads } from '../../shared/threads/start-threads.ts';
import { createPlaces, inSharedMemory } from '../../shared/threads/team-computer.ts';
import {
  type KeepOptions,
  keepWorkers,
  type LocalWorkers,
  type RunningWorker,
  type WorkerEnd,
} from './local-workers.ts';

export interface ThreadWorkersOptions
  extends Pick<KeepOptions, 'count' | 'onRestart' | 'onFailure'> {
  /** The threads of each worker. */
  readonly threads: number;
}

/**
 * Starts workers whose threads compute in the coordinator's process and memory, and starts them
 * again until they are stopped. That saves the sockets and the copies of processes.
 */
export function startThreadWorkers(
  context: StartContext & { readonly engine: SharedEngine },
  { count, threads, onRestart, onFailure }: ThreadWorkersOptions,
): LocalWorkers {
  const { engine, config } = context;
  const dataset = inSharedMemory(context.dataset);
  /** The places of each worker's threads: memory is never given back, so a successor has them. */
  const places: ThreadPlace[][] = [];
  // The first ones connect one after the other, so that names and ranks agree.
  let lastBegun: Promise<void> = Promise.resolve();
  return keepWorkers({
    count,
    onRestart,
    onFailure,
    clock: systemClock,
    start(name, index) {
      places[index] ??= createPlaces(engine, threads);
      // The coordinator's thread is busy between two rounds.
      const busyCount = threads * Math.max(count, index + 1) + 1;
      const started = startThreads(engine, config, dataset, places[index], busyCount);
      const { worker, begun } = runThreads(name, started, lastBegun, context);
      lastBegun = begun;
      return worker;
    },
  });
}

/** `begun` resolves when the worker has connected, or will not. `before`: not before this. */
function runThreads(
  name: string,
  threads: readonly NodeThread[],
  before: Promise<void>,
  { config, token, connectThreads, issueIdentity }: StartContext,
): { readonly worker: RunningWorker; readonly begun: Promise<void> } {
  const identity = issueIdentity();
  const isReady = Promise.all(threads.map(({ ready }) => ready)).then(() => true);
  const failed = Promise.race(threads.map(({ ended }) => ended));
  const begun = Promise.withResolvers<void>();
  let connected: ConnectedThreads | undefined;
  let isKilled = false;

  function connect(): ConnectedThreads {
    const worker = connectThreads({
      identity: {
        name,
        pid: process.pid,
        numerics: [config.numerics],
        identity,
        ...(token !== undefined && { token }),
      },
      threads: createThreadGroup(threads.map(({ desk }) => desk)),
      usage: processUsage,
    });
    void failed.then((reason) => worker.end(`a thread has failed: ${reason}`));
    return worker;
  }

  async function live(): Promise<WorkerEnd> {
    const hasStarted = await Promise.race([isReady, failed.then(() => false)]);
    await before;
    if (hasStarted && !isKilled) connected = connect();
    begun.resolve();
    const how = (await connected?.gone) ?? `a thread does not start: ${await failed}`;
    endThreads();
    await Promise.all(threads.map(({ exited }) => exited));
    return { how: isKilled ? KILLED : how, isFailure: !isKilled };
  }

  function endThreads(): void {
    for (const thread of threads) thread.end();
  }

  function kill(): void {
    isKilled = true;
    // At once: others compute its share while the threads are still ending.
    connected?.end(KILLED);
    endThreads();
  }

  const worker: RunningWorker = {
    kind: 'threads',
    pid: process.pid,
    identity,
    ended: live(),
    kill,
    stall: (milliseconds) => connected?.hold(milliseconds),
    leave: () => (connected ? connected.leave() : kill()),
    stop: async () => endThreads(),
  };
  return { worker, begun: begun.promise };
}
