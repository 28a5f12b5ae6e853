import { createHash, timingSafeEqual } from 'node:crypto';
import { systemClock } from '../shared/clock.ts';
import type { Dataset } from '../shared/data/dataset.ts';
import type { LoadedDataset } from '../shared/data/load-dataset.ts';
import { DATA_ROLES } from '../shared/data/manifest.ts';
import type { Engine } from '../shared/engine/engine.ts';
import type { Link, LinkListener } from '../shared/protocol/link.ts';
import type { RunConfig } from '../shared/run-config.ts';
import type { ShareComputer } from '../shared/share-computer.ts';
import type { Workload } from '../shared/workload.ts';
import type { Report } from './events.ts';
import { startCoordinatorServer } from './server.ts';
import { WorkerPool } from './worker-pool.ts';

export interface ClusterOptions {
  readonly host: string;
  readonly port: number;
  /** Training begins as soon as so many workers are ready. */
  readonly minWorkers: number;
  /** A secret that workers must give. */
  readonly token?: string | undefined;
  /** Fail when there was no worker for so long; undefined: wait. */
  readonly workerTimeoutMs?: number | undefined;
  /** Starts workers, and returns how to stop them. `fail` ends the run. */
  readonly startWorkers?: (context: StartContext, fail: (error: Error) => void) => () => Promise<void>;
}

/** What workers need that the coordinator's process starts. */
export interface StartContext {
  /** Where to join. */
  readonly url: string;
  /** How to join within this process, and the dataset for it. */
  readonly connect: (openLink: (listener: LinkListener) => Link) => void;
  readonly dataset: Dataset;
}

export interface ClusterContext {
  readonly config: RunConfig;
  readonly workload: Workload;
  readonly loaded: LoadedDataset;
  readonly engine: Engine;
  readonly computer: ShareComputer;
  /** The part of all sums that a second worker computes too, to compare them: 0 to 1. */
  readonly auditFraction: number;
  readonly report: Report;
  readonly status: () => object;
  /** The timings of the steps after that one. */
  readonly stepsAfter: (step: number) => object[];
}

/** A coordinator that listens, and the workers that it started itself, if any. */
export interface Cluster {
  /** Where it listens. */
  readonly url: string;
  readonly pool: WorkerPool;
  /** Aborted, with the error, when the workers that it started cannot be kept alive. */
  readonly failure: AbortSignal;
  /** Whether as many workers have been there as are needed to begin. */
  readonly isGathered: boolean;
  /** Starts workers, if that is its task, and waits for as many as are needed. */
  gather(signal: AbortSignal): Promise<void>;
  /** Sends all workers home, stops its own, and stops listening. */
  close(outcome: 'finished' | 'interrupted'): Promise<void>;
}

/** Throws a `NETWORK` error if it cannot listen. */
export async function openCluster(options: ClusterOptions, context: ClusterContext): Promise<Cluster> {
  const { config, workload, loaded, engine, computer, auditFraction, report, status, stepsAfter } = context;
  const pool = new WorkerPool({
    clock: systemClock,
    config,
    workload,
    engine,
    recompute(round, node, parameters) {
      for (const partialSum of computer.compute(round, node, parameters))
        if (partialSum) return partialSum.vector;
      throw new Error('a tree node is one subtree');
    },
    isAudited: auditFraction > 0 ? () => Math.random() < auditFraction : undefined,
    isTokenValid: createTokenCheck(options.token),
    workerTimeoutMs: options.workerTimeoutMs,
    report,
  });
  const roleBySha256 = new Map(DATA_ROLES.map((role) => [config.dataset.files[role].sha256, role]));
  const connect: StartContext['connect'] = (openLink) => pool.connect(openLink);
  const server = await startCoordinatorServer({
    host: options.host,
    port: options.port,
    onConnection: connect,
    status,
    stepsAfter,
    contentOf(sha256) {
      const role = roleBySha256.get(sha256);
      return role && loaded.contents[role];
    },
  });
  const failure = new AbortController();
  let stopWorkers = async () => {};
  let isGathered = false;

  return {
    url: server.url,
    pool,
    failure: failure.signal,
    get isGathered() {
      return isGathered;
    },
    async gather(signal) {
      report({ event: 'listening', url: server.url, workersNeeded: options.minWorkers });
      const context = { url: server.url, connect, dataset: loaded.dataset };
      if (options.startWorkers) stopWorkers = options.startWorkers(context, (error) => failure.abort(error));
      await pool.waitForWorkers(options.minWorkers, signal);
      isGathered = true;
    },
    async close(outcome) {
      pool.close(outcome);
      await Promise.all([stopWorkers(), server.close()]);
    },
  };
}

/** Compares digests, so that the time it takes says nothing about the token. */
function createTokenCheck(expected: string | undefined): (token: string | undefined) => boolean {
  if (expected === undefined) return () => true;
  const digest = (token: string) => createHash('sha256').update(token).digest();
  return (token) => token !== undefined && timingSafeEqual(digest(token), digest(expected));
}
