import type { Checkpoint } from '../../coordinator/checkpoint.ts';
import { createCounters, type PoolCounters, type PoolEvent } from '../../coordinator/pool-events.ts';
import type { Dataset } from '../../shared/data/dataset.ts';
import { LockstepError } from '../../shared/errors.ts';
import { openEngine } from '../../shared/load-engine.ts';
import type { RunConfig } from '../../shared/run-config.ts';
import { createWorkload } from '../../shared/workload.ts';
import type { WorkerEvent } from '../../worker/run-worker.ts';
import { createDraws } from './draws.ts';
import { createReusableEngine } from './reusable-engine.ts';
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

/** One history: what the cluster is and what befalls it, all from the seed. */
export interface History {
  readonly seed: number;
  readonly config: RunConfig;
  readonly dataset: Dataset;
  readonly epochs: number;
  readonly checkpointEvery: number;
  readonly workerCount: number;
  /** The part of all sums that is audited. */
  readonly audit: number;
  /** The part of all workers that lie, and how often they do; only where everything is audited. */
  readonly liars: number;
  readonly lies: number;
  readonly network: NetworkFaults;
  /** Mean times between such events, in simulated milliseconds; none for never. */
  readonly everyMs: Partial<Record<Mishap, number>>;
  /** How long a chunk of a vector is, in bytes. */
  readonly chunkBytes: number;
  /** Faults end after so long, so that the run must come to its end. */
  readonly faultsEndMs: number;
}

/**
 * What befalls the cluster beside its network.
 *
 * - `kills`, `crashes`: a worker or the coordinator is gone at once; every other time the network says nothing of it
 * - `drains`, `stops`: it is asked to end
 * - `joins`: a worker more
 * - `stalls`: a worker that hears and answers, but computes nothing
 * - `freezes`: a worker or the coordinator does nothing at all for a while
 */
export const MISHAPS = ['kills', 'crashes', 'drains', 'stops', 'joins', 'stalls', 'freezes'] as const;
export type Mishap = (typeof MISHAPS)[number];

export interface HistoryCounters extends FaultCounters, PoolCounters, StreamCounters, Record<Mishap, number> {
  /** Dropped by the coordinator because nothing came from them, and because they owed a share for too long. */
  silentWorkers: number;
  owingWorkers: number;
  /** Times that a worker gave the coordinator up for dead. */
  silentCoordinators: number;
  caughtLiars: number;
}

export interface HistoryResult {
  /** Undefined if the run did not come to its end. */
  readonly run: RunResult | undefined;
  readonly simulatedMs: number;
  readonly counters: HistoryCounters;
}

/** More than any run here has micro-batches for. */
const WORKERS_MAX = 17;
/** How long things last at most: sometimes short, sometimes long enough to be noticed. */
const RESTART_MAX_MS = [500, 20_000];
const STALL_MAX_MS = [2_000, 500_000];
/** How often a stall is everybody's. */
const ALL_STALL = 0.2;
const FREEZE_MAX_MS = [2_000, 40_000];

/**
 * When the faults are over a run needs less: a worker may go on being stalled, and another one may owe a share, of
 * which it never heard, for five minutes.
 */
const END_MAX_MS = 20 * 60_000;
/** How often somebody looks whether there are workers left to finish the work. */
const CARE_MS = 10_000;
const TIMERS_MAX = 300_000;

const engine = createReusableEngine(openEngine('strict'));

/**
 * Trains with the real coordinator and real workers, over simulated links and time. Everything that happens is a
 * function of the history, so that a seed that fails can be run again. One at a time: all use the same memory.
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
      ...{ clock, engine, config, workload, epochs, checkpointEvery, disk, chunkBytes, counters },
      isAudited: audit > 0 ? () => draws.chance(audit) : undefined,
      report: (event) => countEvent(counters, event),
    });
    coordinator = added;
    added.ended.then((result) => {
      run = result;
      endCoordinator({ isSilent: false });
    }, fail);
  }

  /** The process ends; another one takes its place unless all is done. */
  function endCoordinator({ isSilent }: { isSilent: boolean }): void {
    if (!coordinator) return;
    const { process, pool } = coordinator;
    for (const [name, count] of Object.entries(pool.counters)) counters[name as keyof PoolCounters] += count;
    process.kill();
    coordinator = undefined;
    if (!isSilent) for (const { connection } of workers) connection?.cut();
    clock.setTimer(someMs(RESTART_MAX_MS), addCoordinator);
  }

  function addWorker(): void {
    const isLiar = isFaulty() && draws.chance(history.liars);
    const worker = startWorker({
      ...{ clock, draws, engine, dataset, chunkBytes, name: `worker ${++workerCount}` },
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
      else if (!worker.isLeaving) fail(new Error('a worker went home unasked'));
    };
    worker.ended.then(() => end(), end);
  }

  const anyWorker = () => (workers.size > 0 ? draws.pick([...workers]) : undefined);
  const someMs = (limitsMs: readonly number[]) => draws.fraction() * draws.pick(limitsMs);

  /** Each says whether there was anybody whom it could befall. */
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
      // Now and then all of them, so that a round lasts longer than a share may be owed.
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

  /** Nobody else adds workers when the faults are over: those that are there must do the work. */
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

const isRefusal = (error: unknown): boolean => error instanceof LockstepError && error.code === 'REFUSED';

function createHistoryCounters(): HistoryCounters {
  return {
    ...{ lostFrames: 0, duplicatedFrames: 0, cutLinks: 0, protocolErrors: 0 },
    ...{ kills: 0, crashes: 0, drains: 0, stops: 0, joins: 0, stalls: 0, freezes: 0 },
    ...{ silentWorkers: 0, owingWorkers: 0, silentCoordinators: 0, caughtLiars: 0 },
    ...{ partialUpdates: 0, brokenUpdates: 0 },
    ...createCounters(),
  };
}

function countEvent(counters: HistoryCounters, event: PoolEvent | WorkerEvent): void {
  const reason = 'reason' in event ? event.reason : '';
  if (event.event === 'retry' && reason.startsWith('silent')) counters.silentCoordinators++;
  if (event.event === 'worker' && reason.startsWith('silent')) counters.silentWorkers++;
  if (event.event === 'worker' && reason.startsWith('owes')) counters.owingWorkers++;
}
