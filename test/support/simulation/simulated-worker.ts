import type { WorkerPool } from '../../../coordinator/cluster/worker-pool.ts';
import type { Clock } from '../../../shared/clock.ts';
import type { Dataset } from '../../../shared/data/dataset.ts';
import type { Engine } from '../../../shared/engine/engine.ts';
import type { PartialSumComputer } from '../../../shared/round/partial-sum-computer.ts';
import { runWorker, type WorkerEvent } from '../../../worker/run-worker.ts';
import type { Draws } from './draws.ts';
import type { SimulatedConnection } from './simulated-link.ts';
import { createSimulatedProcess, type SimulatedProcess, sleepOn } from './simulated-process.ts';
import { createSimulatedThreads } from './simulated-threads.ts';

export interface SimulatedWorker {
  readonly process: SimulatedProcess;
  /** The last connection that the worker made. */
  readonly connection: SimulatedConnection | undefined;
  /** Asks the worker to leave, as SIGTERM does. */
  leave(): void;
  readonly isLeaving: boolean;
  /** Makes the worker compute nothing until `untilMs`. It still answers pings. */
  stall(untilMs: number): void;
  /** Settles as `runWorker` does. Never settles if the worker is killed. */
  readonly ended: Promise<void>;
}

export interface SimulatedWorkerOptions {
  readonly clock: Clock;
  readonly draws: Draws;
  readonly engine: Engine;
  readonly dataset: Dataset;
  readonly chunkBytes: number;
  /** Connects to the present coordinator. Returns undefined if there is none. */
  readonly connect: (
    clock: Clock,
  ) => { pool: WorkerPool; connection: SimulatedConnection } | undefined;
  /** Must be different from the names of all other workers. */
  readonly name: string;
  /** The threads with which it computes. */
  readonly threads: number;
  /** The probability that the worker makes a sum wrong. */
  readonly lies: number;
  readonly report: (event: WorkerEvent) => void;
  /** How long it takes for each leaf, in simulated ms. Default: its blocks take a drawn time. */
  readonly leafMs?: number;
  /** See `Hello`. */
  readonly runtime?: string;
}

const LOAD_MAX_MS = 500;
const BLOCK_MAX_MS = 30;
const REFUSED = Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' });

/** Starts a real worker with a random speed. The worker never gives up connecting. */
export function startWorker(options: SimulatedWorkerOptions): SimulatedWorker {
  const { draws, engine, dataset, name, threads, lies, connect, report, runtime } = options;
  const process = createSimulatedProcess(options.clock);
  const { clock } = process;
  const { leafMs } = options;
  const blockMs = leafMs ?? 1 + draws.fraction() * BLOCK_MAX_MS;
  const leaving = new AbortController();
  let connection: SimulatedConnection | undefined;
  let stalledUntil = 0;

  const ended = runWorker(
    {
      url: 'simulated',
      clock,
      report,
      random: draws.fraction,
      firstRetryMs: Number.POSITIVE_INFINITY,
      retryMs: Number.POSITIVE_INFINITY,
      async dial() {
        const connected = connect(clock);
        if (!connected) throw REFUSED;
        connection = connected.connection;
        connected.pool.connect(connection.openFirst);
        return connection.openSecond;
      },
      session: {
        clock,
        chunkBytes: options.chunkBytes,
        openEngine: () => engine,
        createComputer(...bench) {
          const computer = createSimulatedThreads(...bench, threads);
          return leafMs === undefined ? computer : leafByLeaf(computer);
        },
        identity: { name, numerics: ['strict'], ...(runtime !== undefined && { runtime }) },
        loadDataset: async () => {
          await sleepOn(clock, draws.fraction() * LOAD_MAX_MS);
          return dataset;
        },
        corrupt(vector) {
          if (!draws.chance(lies)) return;
          const words = new Uint32Array(vector.buffer, vector.byteOffset, vector.length);
          // Changes a whole word, not one bit. An evaluation's sum has only two values, so two
          // liars would sometimes flip the same bit.
          words[draws.integer(0, words.length - 1)] ^= draws.integer(1, 2 ** 32 - 1);
        },
        pause: () => sleepOn(clock, Math.max(blockMs, stalledUntil - clock.now())),
      },
    },
    leaving.signal,
  );
  return {
    process,
    get connection() {
      return connection;
    },
    leave: () => void clock.setTimer(0, () => leaving.abort()),
    get isLeaving() {
      return leaving.signal.aborted;
    },
    stall(untilMs) {
      stalledUntil = untilMs;
    },
    ended,
  };
}

/** A computer that lets others have a turn for each leaf. */
function leafByLeaf(computer: PartialSumComputer): PartialSumComputer {
  return {
    *compute(round, share, parameters) {
      for (let leaf = share.lo; leaf < share.hi; leaf++) yield;
      yield* computer.compute(round, share, parameters);
    },
  };
}
