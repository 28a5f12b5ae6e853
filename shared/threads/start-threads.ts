import { availableParallelism, cpus } from 'node:os';
import { Worker } from 'node:worker_threads';
import type { Dataset, ExampleSet } from '../data/dataset.ts';
import type { Engine } from '../engine/engine.ts';
import {
  DESK_WORDS,
  type Desk,
  deskIn,
  failJob,
  JOB_NUMBERS,
} from '../engine/threads/thread-desk.ts';
import { BLOCKS_WORDS } from '../engine/wasm/arena.ts';
import { isSharedEngine, type SharedEngine, type SharedParts } from '../host/load-engine.ts';
import { MODULE_ENDING } from '../host/module-ending.ts';
import {
  createPartialSumComputer,
  type PartialSumComputer,
} from '../round/partial-sum-computer.ts';
import type { RunConfig } from '../round/run-config.ts';
import { createThreadedComputer } from '../round/threaded-computer.ts';
import type { Workload } from '../round/workload.ts';

const THREAD = new URL(`compute-thread${MODULE_ENDING}`, import.meta.url);

/** What a thread gets at its start. */
export interface ThreadData {
  readonly parts: SharedParts;
  readonly config: RunConfig;
  /** Its examples lie in shared memory. */
  readonly dataset: Dataset;
  readonly place: ThreadPlace;
  readonly isSpinning: boolean;
}

/** What a thread has in the shared memory. When it has exited, another thread can have it. */
export interface ThreadPlace {
  /** Its desk; see `deskIn`. */
  readonly words: Uint32Array;
  readonly numbers: Uint32Array;
  /** The memory that it has taken; see `openSharedArena`. */
  readonly blocks: Uint32Array;
}

/** A thread with an engine of its own in the memory of `engine`. */
export interface ComputeThread {
  readonly desk: Desk;
  /** Resolves when it takes jobs. */
  readonly ready: Promise<void>;
  /** Resolves to the reason when it has ended, or failed at a job. */
  readonly ended: Promise<string>;
  /** Resolves when it is gone, and touches no memory anymore. */
  readonly exited: Promise<void>;
  end(): void;
}

/** One thread per core that this process may use. */
export const defaultThreadCount = (): number => availableParallelism();

/**
 * A computer that sums shares with so many threads, this one included. They start when the first
 * share is asked for, and take part as they become ready.
 */
export function createComputer(
  engine: Engine,
  config: RunConfig,
  dataset: Dataset,
  workload: Workload,
  threadCount: number,
): PartialSumComputer {
  const own = createPartialSumComputer(engine, config, workload);
  if (threadCount === 1 || !isSharedEngine(engine)) return own;
  const threaded = createThreadedComputer(own, engine.shared.team, engine, workload);
  let threads: ComputeThread[] | undefined;
  return {
    compute(...share) {
      threads ??= startTeam(engine, config, dataset, threadCount);
      return threaded.compute(...share);
    },
    close() {
      for (const thread of threads ?? []) thread.end();
    },
  };
}

/** Starts the threads that work for this one. They divide whole vectors with it, too. */
export function startTeam(
  engine: SharedEngine,
  config: RunConfig,
  dataset: Dataset,
  threadCount: number,
): ComputeThread[] {
  const { team } = engine.shared;
  const places = createPlaces(engine, threadCount - 1);
  const threads = startThreads(engine, config, dataset, places, threadCount);
  for (const { desk, ready, ended } of threads) {
    void ready.then(() => team.add(desk));
    void ended.then((reason) => team.remove(desk, reason));
  }
  return threads;
}

/** Places for so many threads in the memory of an engine. They are never given back. */
export const createPlaces = ({ shared: { arena } }: SharedEngine, count: number): ThreadPlace[] =>
  Array.from({ length: count }, () => ({
    words: arena.words(DESK_WORDS),
    numbers: arena.words(2 * JOB_NUMBERS),
    blocks: arena.words(BLOCKS_WORDS),
  }));

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
): ComputeThread[] {
  const { module, memory, numerics, tile } = engine.shared;
  const hasQuota = availableParallelism() < cpus().length;
  const common = {
    parts: { module, memory, numerics, tile },
    config,
    dataset: inSharedMemory(dataset),
    isSpinning: busyCount <= availableParallelism() && !hasQuota,
  };
  return places.map((place) => {
    const desk = deskIn(place.words, place.numbers, common.isSpinning);
    return startThread({ ...common, place }, desk);
  });
}

function startThread(data: ThreadData, desk: Desk): ComputeThread {
  const thread = new Worker(THREAD, { workerData: data });
  thread.unref();
  const ready = Promise.withResolvers<void>();
  const ended = Promise.withResolvers<string>();
  const exited = Promise.withResolvers<void>();
  thread.on('message', (message: 'ready' | { failure: string }) => {
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

/** The dataset with its examples in memory that threads can share: it is copied once. */
export function inSharedMemory(dataset: Dataset): Dataset {
  const shareSet = ({ count, inputs, labels }: ExampleSet) => ({
    count,
    inputs: shared(inputs),
    labels: shared(labels),
  });
  return { ...dataset, train: shareSet(dataset.train), test: shareSet(dataset.test) };
}

function shared<Values extends Uint8Array | Int32Array | Float32Array>(values: Values): Values {
  if (values.buffer instanceof SharedArrayBuffer) return values;
  const memory = new SharedArrayBuffer(values.byteLength);
  const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
  new Uint8Array(memory).set(bytes);
  const create = values.constructor as new (buffer: SharedArrayBuffer) => Values;
  return new create(memory);
}
