import {
  createCounters,
  type PoolCounters,
  type PoolEvent,
} from '../../../coordinator/reporting/pool-events.ts';
import type { Checkpoint } from '../../../coordinator/run-folder/checkpoint.ts';
import type { Dataset } from '../../../shared/data/dataset.ts';
import { LockstepError } from '../../../shared/errors.ts';
import { openEngine } from '../../../shared/host/load-engine.ts';
import type { RunConfig } from '../../../shared/round/run-config.ts';
import { createWorkload } from '../../../shared/round/workload.ts';
import type { WorkerEvent } from '../../../worker/run-worker.ts';
import { createReusableEngine } from '../reusable-engine.ts';
import { createDraws } from './draws.ts';
import { createSimulatedClock } from './simulated-clock.ts';
import {
  type RunResult,
  type SimulatedCoordinator,
  type StreamCounters,
  startCoordinator,
} from './simulated-coordinator.ts';
import {
  createSimulatedConnection,
  type FaultCounters,
  type NetworkFaults,
  NO_FAULTS,
} from './simulated-link.ts';
import { type SimulatedWorker, startWorker } from './simulated-worker.ts';

/** A history: a cluster and everything that happens to it. The seed determines all events. */
export interface History {
  readonly seed: number;
  readonly config: RunConfig;
  readonly dataset: Dataset;
  readonly epochs: number;
  readonly checkpointEvery: number;
  readonly workerCount: number;
  /** The probability that a sum is audited. */
  readonly audit: number;
  /** The probability that a worker is a liar. Must be 0 unless every sum is audited. */
  readonly liars: number;
  /** The probability that a liar's sum is wrong. */
  readonly lies: number;
  readonly network: NetworkFaults;
  /** The mean time between mishaps of a kind, in simulated ms. A missing kind never happens. */
  readonly everyMs: Partial<Record<Mishap, number>>;
  /** The size of a vector's chunks, in bytes. */
  readonly chunkBytes: number;
  /** When faults end, in simulated ms. After that, the run must come to its end. */
  readonly faultsEndMs: number;
}

/**
 * The faults of a cluster in addition to those of its network.
 *
 * - `kills`, `crashes`: a worker or the coordinator is gone at once; in half of the cases the
 *   connections are not closed
 * - `drains`, `stops`: a worker or the coordinator is asked to end
 * - `joins`: another worker starts
 * - `stalls`: one worker or all workers compute nothing for a while, but still answer pings
 * - `freezes`: a worker or the coordinator does nothing at all for a while
 */
export const MISHAPS = [
  'kills',
  'crashes',
  'drains',
  'stops',
  'joins',
  'stalls',
  'freezes',
] as const;
export type Mishap = (typeof MISHAPS)[number];

export interface HistoryCounters
  extends FaultCounters,
    PoolCounters,
    StreamCounters,
    Record<Mishap, number> {
  /** Workers that the coordinator dropped because nothing came from them. */
  silentWorkers: number;
  /** Workers that the coordinator dropped because they had not answered a share for too long. */
  owingWorkers: number;
  /** How often a worker dropped its connection because nothing came from the coordinator. */
  silentCoordinators: number;
  caughtLiars: number;
}

export interface HistoryResult {
  /** Undefined if the run did not end in time. */
  readonly run: RunResult | undefined;
  readonly simulatedMs: number;
  readonly counters: HistoryCounters;
}

/** More workers than any run here has micro-batches. */
const WORKERS_MAX = 17;
/** The maximum durations. One of the two is drawn: a short one, or one that others notice. */
const RESTART_MAX_MS = [500, 20_000];
const STALL_MAX_MS = [2_000, 500_000];
/** The probability that a stall hits all workers. */
const ALL_STALL = 0.2;
const FREEZE_MAX_MS = [2_000, 40_000];

/**
 * The maximum time from the end of the faults to the end of the run. No run needs so much. A worker
 * may still be stalled when the faults end. Another worker may never have received its share, and
 * the coordinator waits five minutes for the answer.
 */
const END_MAX_MS = 20 * 60_000;
/** The time between two checks whether a worker is left to finish the run. */
const CARE_MS = 10_000;
const TIMERS_MAX = 300_000;

const engine = createReusableEngine(openEngine('strict'));

/**
 * Trains with a real coordinator and real workers, over simulated links and in simulated time. All
 * events are a function of the history, so a seed that fails can be run again. Only one history may
 * run at a time, because all histories use the same memory.
 */
export async function simulate(history: History): Promise<HistoryResult> {
  const { config, dataset, epochs, checkpointEvery, everyMs, audit, chunkBytes } = history;
  const clock = createSimulatedClock();
  const draws = createDraws(history.seed);
  const counters = createHistoryCounters();
  const disk = { checkpoint: undefined as Checkpoint | undefined };
  const workload = createWorkload(config, dataset);
  const workers = new Set<SimulatedWorker>();
  let workerCount = 0;
  let coordinator: SimulatedCoordinator | undefined;
  let run: RunResult | undefined;
  let failure: { error: unknown } | undefined;
  const isFaulty = () => clock.now() < history.faultsEndMs;
  const network = () => (isFaulty() ? history.network : NO_FAULTS);
  const fail = (error: unknown) => {
    failure = { error };
  };

  function addCoordinator(): void {
    const added = startCoordinator({
      clock,
      engine,
      config,
      workload,
      epochs,
      checkpointEvery,
      disk,
      chunkBytes,
      counters,
      audit:
        audit > 0
          ? { isSelected: () => draws.chance(audit), isCheckedHere: () => draws.chance(1 / 16) }
          : undefined,
      report: (event) => countEvent(counters, event),
    });
    coordinator = added;
    added.ended.then((result) => {
      run = result;
      endCoordinator({ isSilent: false });
    }, fail);
  }

  /** Ends the coordinator's process and starts another later. `isSilent` keeps connections open. */
  function endCoordinator({ isSilent }: { isSilent: boolean }): void {
    if (!coordinator) return;
    const { process, pool } = coordinator;
    for (const [name, count] of Object.entries(pool.counters))
      counters[name as keyof PoolCounters] += count;
    process.kill();
    coordinator = undefined;
    if (!isSilent) for (const { connection } of workers) connection?.cut();
    clock.setTimer(someMs(RESTART_MAX_MS), addCoordinator);
  }

  function addWorker(): void {
    const isLiar = isFaulty() && draws.chance(history.liars);
    const worker = startWorker({
      clock,
      draws,
      engine,
      dataset,
      chunkBytes,
      name: `worker ${++workerCount}`,
      threads: workerCount % 4 === 0 ? 3 : 1,
      lies: isLiar ? history.lies : 0,
      connect(workerClock) {
        if (!coordinator) return undefined;
        const clocks = [coordinator.process.clock, workerClock] as const;
        const connection = createSimulatedConnection(clocks, draws, network, counters);
        return { pool: coordinator.pool, connection };
      },
      report: (event) => countEvent(counters, event),
    });
    workers.add(worker);
    const end = (error?: unknown) => {
      workers.delete(worker);
      if (isLiar && isRefusal(error)) counters.caughtLiars++;
      else if (error !== undefined) fail(error);
      else if (!worker.isLeaving) fail(new Error('a worker ended although it was not asked to'));
    };
    worker.ended.then(() => end(), end);
  }

  const anyWorker = () => (workers.size > 0 ? draws.pick([...workers]) : undefined);
  const someMs = (limitsMs: readonly number[]) => draws.fraction() * draws.pick(limitsMs);

  /** Each function causes a mishap, or returns false if that is not possible now. */
  const mishaps: Record<Mishap, () => boolean> = {
    kills() {
      const worker = anyWorker();
      if (!worker) return false;
      workers.delete(worker);
      worker.process.kill();
      if (draws.chance(0.5)) worker.connection?.cut();
      return true;
    },
    crashes() {
      if (!coordinator) return false;
      endCoordinator({ isSilent: draws.chance(0.5) });
      return true;
    },
    drains() {
      const worker = anyWorker();
      worker?.leave();
      return worker !== undefined;
    },
    stops() {
      coordinator?.stop();
      return coordinator !== undefined;
    },
    joins() {
      if (workers.size >= WORKERS_MAX) return false;
      addWorker();
      return true;
    },
    stalls() {
      // Sometimes all workers stall, to make a round longer than the time limit of a share.
      const worker = anyWorker();
      const stalled = draws.chance(ALL_STALL) ? workers : worker ? [worker] : [];
      const untilMs = clock.now() + someMs(STALL_MAX_MS);
      for (const each of stalled) each.stall(untilMs);
      return worker !== undefined;
    },
    freezes() {
      const one = draws.pick([coordinator, ...workers]);
      one?.process.freeze(clock.now() + someMs(FREEZE_MAX_MS));
      return one !== undefined;
    },
  };

  function schedule(mishap: Mishap, meanMs: number): void {
    const delayMs = -Math.log(1 - draws.fraction()) * meanMs;
    clock.setTimer(delayMs, () => {
      if (!isFaulty()) return;
      if (mishaps[mishap]()) counters[mishap]++;
      schedule(mishap, meanMs);
    });
  }

  /** Adds a worker if none is left after the faults. Nothing else adds workers then. */
  function careForWorkers(): void {
    if (!isFaulty() && workers.size === 0) addWorker();
    clock.setTimer(CARE_MS, careForWorkers);
  }

  addCoordinator();
  for (let i = 0; i < history.workerCount; i++) addWorker();
  for (const mishap of MISHAPS) {
    const meanMs = everyMs[mishap];
    if (meanMs !== undefined) schedule(mishap, meanMs);
  }
  careForWorkers();

  let timerCount = 0;
  const isOver = () => run !== undefined || failure !== undefined || ++timerCount > TIMERS_MAX;
  await clock.run(isOver, history.faultsEndMs + END_MAX_MS);
  engine.reuse();
  if (failure) throw failure.error;
  return { run, simulatedMs: clock.now(), counters };
}

const isRefusal = (error: unknown): boolean =>
  error instanceof LockstepError && error.code === 'REFUSED';

function createHistoryCounters(): HistoryCounters {
  return {
    lostFrames: 0,
    duplicatedFrames: 0,
    cutLinks: 0,
    protocolErrors: 0,
    kills: 0,
    crashes: 0,
    drains: 0,
    stops: 0,
    joins: 0,
    stalls: 0,
    freezes: 0,
    silentWorkers: 0,
    owingWorkers: 0,
    silentCoordinators: 0,
    caughtLiars: 0,
    partialUpdates: 0,
    brokenUpdates: 0,
    ...createCounters(),
  };
}

function countEvent(counters: HistoryCounters, event: PoolEvent | WorkerEvent): void {
  const reason = 'reason' in event ? event.reason : '';
  if (event.event === 'retry' && reason.startsWith('silent')) counters.silentCoordinators++;
  if (event.event === 'worker' && reason.startsWith('silent')) counters.silentWorkers++;
  if (event.event === 'worker' && reason.startsWith('has not answered')) counters.owingWorkers++;
}
