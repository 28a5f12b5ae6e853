import type { WorkerPool } from '../../coordinator/worker-pool.ts';
import type { Clock } from '../../shared/clock.ts';
import type { Dataset } from '../../shared/data/dataset.ts';
import type { Engine } from '../../shared/engine/engine.ts';
import { runWorker, type WorkerEvent } from '../../worker/run-worker.ts';
import type { Draws } from './draws.ts';
import type { SimulatedConnection } from './simulated-link.ts';
import { createSimulatedProcess, type SimulatedProcess, sleepOn } from './simulated-process.ts';

export interface SimulatedWorker {
  readonly process: SimulatedProcess;
  /** The last one that it made. */
  readonly connection: SimulatedConnection | undefined;
  /** As SIGTERM does. */
  leave(): void;
  readonly isLeaving: boolean;
  /** It computes nothing until then, though it hears and answers. */
  stall(untilMs: number): void;
  /** Settles as `runWorker` does; never, if it is killed. */
  readonly ended: Promise<void>;
}

export interface SimulatedWorkerOptions {
  readonly clock: Clock;
  readonly draws: Draws;
  readonly engine: Engine;
  readonly dataset: Dataset;
  readonly chunkBytes: number;
  /** Connects this process to whoever coordinates now; undefined if nobody does. */
  readonly connect: (clock: Clock) => { pool: WorkerPool; connection: SimulatedConnection } | undefined;
  /** Of whom no two are the same. */
  readonly name: string;
  /** How often it flips a bit of a sum. */
  readonly lies: number;
  readonly report: (event: WorkerEvent) => void;
}

const LOAD_MAX_MS = 500;
const BLOCK_MAX_MS = 30;
const REFUSED = Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' });

/** A real worker, of a speed that is drawn. It never gives up. */
export function startWorker(options: SimulatedWorkerOptions): SimulatedWorker {
  const { draws, engine, dataset, name, lies, connect, report } = options;
  const process = createSimulatedProcess(options.clock);
  const { clock } = process;
  const blockMs = 1 + draws.fraction() * BLOCK_MAX_MS;
  const leaving = new AbortController();
  let connection: SimulatedConnection | undefined;
  let stalledUntil = 0;

  const ended = runWorker(
    {
      ...{ url: 'simulated', clock, report, random: draws.fraction },
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
        identity: { name, numerics: ['strict'] },
        loadDataset: async () => {
          await sleepOn(clock, draws.fraction() * LOAD_MAX_MS);
          return dataset;
        },
        corrupt(vector) {
          if (!draws.chance(lies)) return;
          const words = new Uint32Array(vector.buffer, vector.byteOffset, vector.length);
          // Not one bit: of a sum of two numbers, two liars would flip the same one now and then.
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
