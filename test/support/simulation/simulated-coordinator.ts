import { WorkerPool, type WorkerPoolOptions } from '../../../coordinator/cluster/worker-pool.ts';
import type { PoolEvent } from '../../../coordinator/reporting/pool-events.ts';
import {
  type Checkpoint,
  decodeCheckpoint,
  encodeCheckpoint,
} from '../../../coordinator/run-folder/checkpoint.ts';
import {
  createParameterServer,
  type ParameterServer,
} from '../../../coordinator/training/parameter-server.ts';
import { initialProgress, type Progress } from '../../../coordinator/training/progress.ts';
import { type TrainingRun, train } from '../../../coordinator/training/train.ts';
import type { Clock } from '../../../shared/clock.ts';
import type { Engine } from '../../../shared/engine/engine.ts';
import { createPartialSumComputer } from '../../../shared/round/partial-sum-computer.ts';
import type { RunConfig } from '../../../shared/round/run-config.ts';
import type { Workload } from '../../../shared/round/workload.ts';
import { hashOf } from '../toy-run.ts';
import { createSimulatedProcess, type SimulatedProcess } from './simulated-process.ts';

/** The result of a run. It must not depend on the faults of the cluster. */
export interface RunResult {
  readonly hash: string;
  readonly progress: Progress;
}

export interface SimulatedCoordinator {
  readonly process: SimulatedProcess;
  readonly pool: WorkerPool;
  /** Acts like SIGTERM: saves a checkpoint and dismisses the workers. */
  stop(): void;
  /** Resolves to undefined if the coordinator is stopped. Never settles if it is killed. */
  readonly ended: Promise<RunResult | undefined>;
}

export interface SimulatedCoordinatorOptions {
  readonly clock: Clock;
  readonly engine: Engine;
  readonly config: RunConfig;
  readonly workload: Workload;
  readonly epochs: number;
  /** The number of steps between checkpoints. A checkpoint is also saved after every epoch. */
  readonly checkpointEvery: number;
  /** Outlives the coordinator. The next coordinator resumes from its checkpoint. */
  readonly disk: { checkpoint: Checkpoint | undefined };
  readonly audit: WorkerPoolOptions['audit'];
  readonly guestAudit?: WorkerPoolOptions['guestAudit'];
  readonly chunkBytes: number;
  readonly report: (event: PoolEvent) => void;
  readonly counters: StreamCounters;
  readonly onStep?: () => void;
}

/** How often a coordinator updated before a step's sum was whole. */
export interface StreamCounters {
  /** Updates with a part of a sum while the rest was still arriving. */
  partialUpdates: number;
  /** Steps that were rolled back after such updates. */
  brokenUpdates: number;
}

let identityCount = 0;

/** Starts a real coordinator, which resumes from the last checkpoint if there is one. */
export function startCoordinator(options: SimulatedCoordinatorOptions): SimulatedCoordinator {
  const { engine, config, workload, epochs, disk, report } = options;
  const process = createSimulatedProcess(options.clock);
  const { clock } = process;
  // Only the next coordinator reads the checkpoint, so it is encoded here and not in `save`.
  const restored = disk.checkpoint && decodeCheckpoint(encodeCheckpoint(disk.checkpoint));
  const server = countParts(
    createParameterServer(engine, config, workload, restored),
    options.counters,
  );
  const progress = restored?.progress ?? initialProgress();
  const computer = createPartialSumComputer(engine, config, workload);
  const stopRule = { epochs };
  const stopping = new AbortController();
  const pool = new WorkerPool({
    clock,
    config,
    workload,
    engine,
    report,
    recompute(round, node, parameters) {
      for (const sum of computer.compute(round, node, parameters)) if (sum) return sum.vector;
      throw new Error('the computer gave no sum for a node of the tree');
    },
    isTokenValid: () => true,
    makeIdentity: () => `identity ${identityCount++}`,
    audit: options.audit,
    guestAudit: options.guestAudit,
    chunkBytes: options.chunkBytes,
    chunkBytesMin: options.chunkBytes,
  });

  async function save(): Promise<void> {
    const { step, parameters, optimizer } = server;
    const state = Object.entries(optimizer.state).map(
      ([name, values]) => [name, values.slice()] as const,
    );
    disk.checkpoint = {
      config,
      model: workload.model,
      step,
      stopRule,
      progress: { ...progress },
      seconds: 0,
      parameters: parameters.slice(),
      optimizerState: Object.fromEntries(state),
    };
  }

  const run: TrainingRun = {
    config,
    workload,
    source: pool,
    server,
    progress,
    stopRule,
    clock,
    stepsMax: Number.POSITIVE_INFINITY,
    onStep: async () => {
      options.onStep?.();
      if (server.step % options.checkpointEvery === 0) await save();
    },
    onEpoch: save,
  };

  async function work(): Promise<RunResult | undefined> {
    try {
      await train(run, stopping.signal);
    } catch (error) {
      if (error !== stopping.signal.reason) throw error;
      await save();
      pool.close({ why: 'stopping' });
      return undefined;
    }
    pool.close({ why: 'finished' });
    return { hash: hashOf(server), progress };
  }

  const stop = () => void clock.setTimer(0, () => stopping.abort());
  return { process, pool, stop, ended: work() };
}

function countParts(server: ParameterServer, counters: StreamCounters): ParameterServer {
  const { update, updatePart, rollBack } = server;
  let isBegun = false;
  return Object.defineProperties(
    {
      ...server,
      update(root: Float32Array, exampleCount: number) {
        isBegun = false;
        return update(root, exampleCount);
      },
      updatePart(...part: Parameters<NonNullable<typeof updatePart>>) {
        isBegun = true;
        counters.partialUpdates++;
        updatePart?.(...part);
      },
      rollBack() {
        if (isBegun) counters.brokenUpdates++;
        isBegun = false;
        rollBack();
      },
    },
    { step: { get: () => server.step } },
  );
}
