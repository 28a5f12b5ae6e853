import type { Dataset, ExampleSet } from '../data/dataset.ts';
import type { Engine } from '../engine/engine.ts';
import { isSharedEngine, type SharedEngine } from '../engine/threads/shared-engine.ts';
import { DESK_WORDS, type Desk, JOB_NUMBERS } from '../engine/threads/thread-desk.ts';
import { BLOCKS_WORDS } from '../engine/wasm/arena.ts';
import {
  createPartialSumComputer,
  type PartialSumComputer,
} from '../round/partial-sum-computer.ts';
import type { RunConfig } from '../round/run-config.ts';
import { createThreadedComputer } from '../round/threaded-computer.ts';
import type { Workload } from '../round/workload.ts';
import type { ThreadData, ThreadPlace } from './serve-desk.ts';

/* Teams of threads, in Node or in a browser: the caller knows how a thread is started. */

/** A thread with an engine of its own in the memory of another engine. */
export interface ComputeThread {
  readonly desk: Desk;
  /** Resolves when it takes jobs. */
  readonly ready: Promise<void>;
  /** Resolves to the reason when it has ended, or failed at a job. */
  readonly ended: Promise<string>;
  end(): void;
}

/** Starts so many threads, less one, that work for this one. They join the engine's team. */
export type StartTeam = (
  engine: SharedEngine,
  config: RunConfig,
  dataset: Dataset,
  threadCount: number,
) => readonly ComputeThread[];

/**
 * A computer that sums shares with so many threads, this one included. They start when the first
 * share is asked for, and take part as they become ready.
 */
export function createTeamComputer(
  engine: Engine,
  config: RunConfig,
  dataset: Dataset,
  workload: Workload,
  threadCount: number,
  startTeam: StartTeam,
): PartialSumComputer {
  const own = createPartialSumComputer(engine, config, workload);
  if (threadCount === 1 || !isSharedEngine(engine)) return own;
  const threaded = createThreadedComputer(own, engine.shared.team, engine, workload);
  let threads: readonly ComputeThread[] | undefined;
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

/** The team has each thread from when it is ready until it ends. */
export function joinTeam({ shared: { team } }: SharedEngine, threads: readonly ComputeThread[]) {
  for (const { desk, ready, ended } of threads) {
    void ready.then(() => team.add(desk));
    void ended.then((reason) => team.remove(desk, reason));
  }
}

/** Places for so many threads in the memory of an engine. They are never given back. */
export const createPlaces = ({ shared: { arena } }: SharedEngine, count: number): ThreadPlace[] =>
  Array.from({ length: count }, () => ({
    words: arena.words(DESK_WORDS),
    numbers: arena.words(2 * JOB_NUMBERS),
    blocks: arena.words(BLOCKS_WORDS),
  }));

/** What the threads of an engine get, each in a place. */
export function threadData(
  { shared: { module, memory, numerics, tile } }: SharedEngine,
  config: RunConfig,
  dataset: Dataset,
  places: readonly ThreadPlace[],
  isSpinning: boolean,
): ThreadData[] {
  const parts = { module, memory, numerics, tile };
  const common = { parts, config, dataset: inSharedMemory(dataset), isSpinning };
  return places.map((place) => ({ ...common, place }));
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
