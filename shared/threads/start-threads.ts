import { availableParallelism, cpus } from 'node:os';
import { Worker } from 'node:worker_threads';
import type { Dataset } from '../data/dataset.ts';
import type { Engine } from '../engine/engine.ts';
import type { SharedEngine } from '../engine/threads/shared-engine.ts';
import { deskIn, failJob } from '../engine/threads/thread-desk.ts';
import { MODULE_ENDING } from '../host/module-ending.ts';
import type { PartialSumComputer } from '../round/partial-sum-computer.ts';
import type { RunConfig } from '../round/run-config.ts';
import type { Workload } from '../round/workload.ts';
import type { ThreadData, ThreadNews, ThreadPlace } from './serve-desk.ts';
import {
  type ComputeThread,
  createPlaces,
  createTeamComputer,
  joinTeam,
  threadData,
} from './team-computer.ts';

const THREAD = new URL(`compute-thread${MODULE_ENDING}`, import.meta.url);

/** A thread of this process. */
export interface NodeThread extends ComputeThread {
  /** Resolves when it is gone, and touches no memory anymore. */
  readonly exited: Promise<void>;
}

/** One thread per core that this process may use. */
export const defaultThreadCount = (): number => availableParallelism();

/** A computer with threads of this process; see `createTeamComputer`. */
export const createComputer = (
  engine: Engine,
  config: RunConfig,
  dataset: Dataset,
  workload: Workload,
  threadCount: number,
): PartialSumComputer =>
  createTeamComputer(engine, config, dataset, workload, threadCount, startTeam);

/** Starts the threads that work for this one. They divide whole vectors with it, too. */
export function startTeam(
  engine: SharedEngine,
  config: RunConfig,
  dataset: Dataset,
  threadCount: number,
): NodeThread[] {
  const places = createPlaces(engine, threadCount - 1);
  const threads = startThreads(engine, config, dataset, places, threadCount);
  joinTeam(engine, threads);
  return threads;
}

/**
 * Starts a thread for each place. `busyCount` is the number of threads that are busy at a time in
 * this process: where each has a core of its own, they wait for work by spinning.
 */
export function startThreads(
  engine: SharedEngine,
  config: RunConfig,
  dataset: Dataset,
  places: readonly ThreadPlace[],
  busyCount: number,
): NodeThread[] {
  const hasQuota = availableParallelism() < cpus().length;
  const isSpinning = busyCount <= availableParallelism() && !hasQuota;
  return threadData(engine, config, dataset, places, isSpinning).map(startThread);
}

function startThread(data: ThreadData): NodeThread {
  const desk = deskIn(data.place.words, data.place.numbers, data.isSpinning);
  const thread = new Worker(THREAD, { workerData: data });
  thread.unref();
  const ready = Promise.withResolvers<void>();
  const ended = Promise.withResolvers<string>();
  const exited = Promise.withResolvers<void>();
  thread.on('message', (message: ThreadNews) => {
    if (message === 'ready') ready.resolve();
    else ended.resolve(message.failure);
  });
  thread.on('error', (error) => ended.resolve(error.message));
  thread.on('exit', (code) => {
    ended.resolve(`it has ended with code ${code}`);
    failJob(desk);
    exited.resolve();
  });
  return {
    desk,
    ready: ready.promise,
    ended: ended.promise,
    exited: exited.promise,
    end: () => void thread.terminate(),
  };
}
