import { type Checkpoint, decodeCheckpoint, encodeCheckpoint } from '../../coordinator/checkpoint.ts';
import { createParameterServer, type ParameterServer } from '../../coordinator/parameter-server.ts';
import type { PoolEvent } from '../../coordinator/pool-events.ts';
import { initialProgress, type Progress } from '../../coordinator/progress.ts';
import { type TrainingRun, train } from '../../coordinator/train.ts';
import { WorkerPool } from '../../coordinator/worker-pool.ts';
import type { Clock } from '../../shared/clock.ts';
import type { Engine } from '../../shared/engine/engine.ts';
import type { RunConfig } from '../../shared/run-config.ts';
import { createShareComputer } from '../../shared/share-computer.ts';
import type { Workload } from '../../shared/workload.ts';
import { createSimulatedProcess, type SimulatedProcess } from './simulated-process.ts';
import { hashOf } from './toy-run.ts';

/** What a run ends with; the same whatever befalls the cluster. */
export interface RunResult {
  readonly hash: string;
  readonly progress: Progress;
}

export interface SimulatedCoordinator {
  readonly process: SimulatedProcess;
  readonly pool: WorkerPool;
  /** As SIGTERM does: saves what there is, and sends the workers away. */
  stop(): void;
  /** Resolves to undefined when it was stopped; never settles if it is killed. */
  readonly ended: Promise<RunResult | undefined>;
}

export interface SimulatedCoordinatorOptions {
  readonly clock: Clock;
  readonly engine: Engine;
  readonly config: RunConfig;
  readonly workload: Workload;
  readonly epochs: number;
  /** Saves every so many steps, beside every epoch. */
  readonly checkpointEvery: number;
  /** What one life leaves to the next. */
  readonly disk: { checkpoint: Checkpoint | undefined };
  readonly isAudited: (() => boolean) | undefined;
  readonly chunkBytes: number;
  readonly report: (event: PoolEvent) => void;
  readonly counters: StreamCounters;
}

/** Updates by a part of a sum while the rest was coming in, and how many steps with such parts were broken off. */
export interface StreamCounters {
  partialUpdates: number;
  brokenUpdates: number;
}

/** A real coordinator, which goes on from the last checkpoint. */
export function startCoordinator(options: SimulatedCoordinatorOptions): SimulatedCoordinator {
  const { engine, config, workload, epochs, disk, report } = options;
  const process = createSimulatedProcess(options.clock);
  const { clock } = process;
  // Nobody but the next life reads the file, so it is not encoded before.
  const restored = disk.checkpoint && decodeCheckpoint(encodeCheckpoint(disk.checkpoint));
  const server = countParts(createParameterServer(engine, config, workload, restored), options.counters);
  const progress = restored?.progress ?? initialProgress();
  const computer = createShareComputer(engine, config, workload);
  const stopRule = { epochs };
  const stopping = new AbortController();
  const pool = new WorkerPool({
    ...{ clock, config, workload, engine, report },
    recompute(round, node, parameters) {
      for (const sum of computer.compute(round, node, parameters)) if (sum) return sum.vector;
      throw new Error('a tree node is one subtree');
    },
    isTokenValid: () => true,
    isAudited: options.isAudited,
    chunkBytes: options.chunkBytes,
  });

  async function save(): Promise<void> {
    const { step, parameters, optimizer } = server;
    const state = Object.entries(optimizer.state).map(([name, values]) => [name, values.slice()] as const);
    disk.checkpoint = {
      ...{ config, step, stopRule, progress: { ...progress }, parameters: parameters.slice() },
      optimizerState: Object.fromEntries(state),
    };
  }

  const run: TrainingRun = {
    ...{ config, workload, source: pool, server, progress, stopRule, clock },
    stepsMax: Number.POSITIVE_INFINITY,
    onStep: async () => {
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
      pool.close('interrupted');
      return undefined;
    }
    pool.close('finished');
    return { hash: hashOf(server), progress };
  }

  const stop = () => void clock.setTimer(0, () => stopping.abort());
  return { process, pool, stop, ended: work() };
}

function countParts(server: ParameterServer, counters: StreamCounters): ParameterServer {
  const { update, updatePart, takeBack } = server;
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
      takeBack() {
        if (isBegun) counters.brokenUpdates++;
        isBegun = false;
        takeBack();
      },
    },
    { step: { get: () => server.step } },
  );
}
