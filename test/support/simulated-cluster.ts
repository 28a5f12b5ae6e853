import { decodeCheckpoint, encodeCheckpoint } from '../../coordinator/checkpoint.ts';
import { createParameterServer } from '../../coordinator/parameter-server.ts';
import { createCounters, type PoolCounters } from '../../coordinator/pool-events.ts';
import { initialProgress, type Progress } from '../../coordinator/progress.ts';
import { train } from '../../coordinator/train.ts';
import { WorkerPool } from '../../coordinator/worker-pool.ts';
import type { Dataset } from '../../shared/data/dataset.ts';
import type { RunConfig } from '../../shared/run-config.ts';
import { createShareComputer } from '../../shared/share-computer.ts';
import { createWorkload } from '../../shared/workload.ts';
import { runWorker } from '../../worker/run-worker.ts';
import { createDraws } from './draws.ts';
import { createSimulatedClock, type SimulatedClock } from './simulated-clock.ts';
import {
  createSimulatedConnection,
  type FaultCounters,
  type NetworkFaults,
  NO_FAULTS,
  type SimulatedConnection,
} from './simulated-link.ts';
import { hashOf, naiveEngine } from './toy-run.ts';

/** One history: what the cluster is and what befalls it, all from the seed. */
export interface History {
  readonly seed: number;
  readonly config: RunConfig;
  readonly dataset: Dataset;
  readonly epochs: number;
  readonly workerCount: number;
  readonly network: NetworkFaults;
  /** Mean times between such events, in simulated milliseconds; undefined for never. */
  readonly killEveryMs?: number;
  readonly drainEveryMs?: number;
  readonly joinEveryMs?: number;
  readonly stallEveryMs?: number;
  readonly coordinatorCrashEveryMs?: number;
  /** Faults end after so long, so that the run must come to its end. */
  readonly faultsEndMs: number;
}

export interface HistoryCounters extends FaultCounters, PoolCounters {
  kills: number;
  drains: number;
  joins: number;
  stalls: number;
  coordinatorCrashes: number;
}

export interface HistoryResult {
  /** Undefined if the run did not come to its end. */
  readonly hash: string | undefined;
  readonly progress: Progress;
  readonly simulatedMs: number;
  readonly counters: HistoryCounters;
}

/** Longer than any history takes whose cluster makes progress. */
const GIVE_UP_MS = 4 * 3_600_000;

/**
 * Trains with the real coordinator and real workers, over simulated links and time. Everything that happens is a
 * function of the history, so that a seed that fails can be run again.
 */
export async function simulate(history: History): Promise<HistoryResult> {
  const { config, dataset, seed, epochs } = history;
  const clock = createSimulatedClock();
  const draws = createDraws(seed);
  const counters: HistoryCounters = {
    ...{ lostFrames: 0, duplicatedFrames: 0, cutLinks: 0 },
    ...{ kills: 0, drains: 0, joins: 0, stalls: 0, coordinatorCrashes: 0 },
    ...createCounters(),
  };
  const isFaulty = () => clock.now() < history.faultsEndMs;
  const network = () => (isFaulty() ? history.network : NO_FAULTS);
  const workload = createWorkload(config, dataset);
  const computer = createShareComputer(naiveEngine, config, workload);

  // The coordinator: one life after the other, each from the checkpoint that the one before left

  let saved: Uint8Array | undefined;
  let pool: WorkerPool | undefined;
  let result: { hash: string; progress: Progress } | undefined;
  let life = new AbortController();

  function startCoordinator(): void {
    const restored = saved && decodeCheckpoint(saved);
    const server = createParameterServer(naiveEngine, config, workload, restored);
    const progress = restored?.progress ?? initialProgress();
    const own = new AbortController();
    life = own;
    const newPool = new WorkerPool({
      clock: mortalClock(clock, own.signal),
      config,
      workload,
      engine: naiveEngine,
      recompute(round, node, parameters) {
        for (const partialSum of computer.compute(round, node, parameters))
          if (partialSum) return partialSum.vector;
        throw new Error('a tree node is one subtree');
      },
      isAudited: () => false,
      isTokenValid: () => true,
      report: () => {},
    });
    pool = newPool;
    const save = async () => {
      const { step, parameters, optimizer } = server;
      const optimizerState = optimizer.state;
      saved = encodeCheckpoint({ config, step, progress, stopRule: { epochs }, parameters, optimizerState });
    };
    const run = {
      ...{ config, workload, source: newPool, server, progress, stopRule: { epochs }, clock },
      stepsMax: Number.POSITIVE_INFINITY,
      onStep: async () => {
        if (server.step % 3 === 0) await save();
      },
      onEpoch: save,
    };
    train(run, own.signal).then(
      () => {
        result = { hash: hashOf(server), progress };
        addCounters(newPool);
        newPool.close('finished');
      },
      (error: unknown) => {
        if (!own.signal.aborted) throw error;
      },
    );
  }

  function addCounters(of: WorkerPool): void {
    for (const [name, count] of Object.entries(of.counters)) counters[name as keyof PoolCounters] += count;
  }

  function crashCoordinator(): void {
    if (!pool) return;
    counters.coordinatorCrashes++;
    addCounters(pool);
    pool = undefined;
    life.abort(new Error('crashed'));
    for (const worker of workers) worker.connection?.abandonFirst();
    clock.setTimer(draws.fraction() * 20_000, startCoordinator);
  }

  // Workers

  interface SimulatedWorker {
    connection: SimulatedConnection | undefined;
    readonly leave: AbortController;
    readonly death: AbortController;
    stalledUntil: number;
  }
  const workers = new Set<SimulatedWorker>();

  function startWorker(): void {
    const worker: SimulatedWorker = {
      connection: undefined,
      leave: new AbortController(),
      death: new AbortController(),
      stalledUntil: 0,
    };
    workers.add(worker);
    const own = mortalClock(clock, worker.death.signal);
    const leafMs = 1 + draws.fraction() * 30;
    const options = {
      url: 'simulated',
      clock: own,
      random: draws.fraction,
      firstRetryMs: GIVE_UP_MS,
      retryMs: GIVE_UP_MS,
      report: () => {},
      async dial() {
        if (!pool) throw new Error('ECONNREFUSED');
        worker.connection = createSimulatedConnection(clock, draws, network, counters);
        pool.connect(worker.connection.openFirst);
        return worker.connection.openSecond;
      },
      session: {
        clock: own,
        openEngine: () => naiveEngine,
        identity: { name: 'simulated', numerics: ['strict'] },
        loadDataset: async () => {
          await sleepOn(own, draws.fraction() * 500);
          return dataset;
        },
        pause: () => sleepOn(own, Math.max(leafMs, worker.stalledUntil - clock.now())),
      },
    };
    runWorker(options, worker.leave.signal).then(() => workers.delete(worker));
  }

  function kill(worker: SimulatedWorker): void {
    counters.kills++;
    workers.delete(worker);
    worker.death.abort();
    worker.connection?.cut();
  }

  // What befalls them

  function every(meanMs: number | undefined, happen: () => void): void {
    if (meanMs === undefined) return;
    const again = () => {
      const delayMs = -Math.log(1 - draws.fraction()) * meanMs;
      clock.setTimer(delayMs, () => {
        if (!isFaulty()) return;
        happen();
        again();
      });
    };
    again();
  }

  const anyWorker = () => draws.pick([...workers]);
  every(history.killEveryMs, () => workers.size > 0 && kill(anyWorker()));
  every(history.drainEveryMs, () => {
    if (workers.size === 0) return;
    counters.drains++;
    anyWorker().leave.abort();
  });
  every(history.joinEveryMs, () => {
    counters.joins++;
    startWorker();
  });
  every(history.stallEveryMs, () => {
    if (workers.size === 0) return;
    counters.stalls++;
    anyWorker().stalledUntil = clock.now() + draws.fraction() * 90_000;
  });
  every(history.coordinatorCrashEveryMs, crashCoordinator);

  startCoordinator();
  for (let i = 0; i < history.workerCount; i++) startWorker();
  // When the faults are over somebody must be there to finish the work.
  clock.setTimer(history.faultsEndMs + 1, startWorker);
  await clock.run(() => result !== undefined, GIVE_UP_MS);
  return {
    hash: result?.hash,
    progress: result?.progress ?? initialProgress(),
    simulatedMs: clock.now(),
    counters,
  };
}

/** The clock of a process: when that dies, its timers no longer fire. */
function mortalClock(clock: SimulatedClock, death: AbortSignal) {
  return {
    now: clock.now,
    setTimer: (delayMs: number, callback: () => void) =>
      clock.setTimer(delayMs, () => {
        if (!death.aborted) callback();
      }),
  };
}

const sleepOn = (clock: Pick<SimulatedClock, 'setTimer'>, delayMs: number): Promise<void> =>
  new Promise((resolve) => void clock.setTimer(delayMs, resolve));
