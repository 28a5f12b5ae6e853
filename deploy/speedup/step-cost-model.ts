import { planShares } from '../../coordinator/planner.ts';
import { maximalSubtrees } from '../../shared/reduction-tree.ts';

/** What the work of a step costs, in ms of one core. */
export interface StepCosts {
  /** A worker's, a share: what does not depend on its size. */
  readonly shareMs: number;
  /** A worker's: forward and backward of an example. */
  readonly exampleMs: number;
  /** The coordinator's, a step: update, fingerprint, record. */
  readonly fixedMs: number;
  /** The coordinator's, a worker: to write the parameters. */
  readonly sendMs: number;
  /** The coordinator's, a vector: to read it, look it over and add it. */
  readonly receiveMs: number;
  /** A worker's, a step: to read the parameters, and to write one vector. */
  readonly exchangeMs: number;
}

/** A quota is given in slices: Linux lets a container run for its part of each period, and stops it for the rest. */
const QUOTA_PERIOD_MS = 100;

/** What a step consists of, and on what it runs. */
export interface ClusterPlan {
  readonly globalBatch: number;
  readonly microBatchCount: number;
  /** Of the parameters, and of each vector. */
  readonly vectorBytes: number;
  /** Cores a worker has, up to 1: its quota. */
  readonly workerSpeed: number;
  /** Of the coordinator's network, bits/s each way; may be infinite. */
  readonly bandwidth: number;
  /** One way. */
  readonly latencyMs: number;
  /** Cores for all, where coordinator and workers share a machine; may be infinite. */
  readonly cores: number;
  /** Cores for all workers together; may be infinite. */
  readonly workerCores: number;
}

/** What one more of is needed for a faster step. */
export type StepLimit = 'compute' | 'coordinator' | 'network' | 'cores';

export interface PredictedStep {
  readonly workers: number;
  readonly stepMs: number;
  /** Examples/s. */
  readonly throughput: number;
  readonly limit: StepLimit;
}

/**
 * How long a step takes with so many equal workers. The coordinator writes the parameters to one worker after the
 * other; each computes as soon as it has them; the coordinator reads and adds what comes, one vector after the other.
 * Where cores are shared, a step takes at least all its work divided by them.
 */
export function predictStep(costs: StepCosts, plan: ClusterPlan, workers: number): PredictedStep {
  const { microBatchCount, globalBatch, vectorBytes, workerSpeed, bandwidth, latencyMs } = plan;
  const tree = { lo: 0, hi: microBatchCount };
  const shares = planShares(tree, new Array<number>(workers).fill(1)).filter(({ lo, hi }) => lo < hi);
  const vectorWireMs = ((vectorBytes * 8) / bandwidth) * 1000;
  const sendMs = Math.max(costs.sendMs, vectorWireMs);
  const receiveMs = Math.max(costs.receiveMs, vectorWireMs);

  const elapsedMs = (ownMs: number) => underQuota(ownMs, workerSpeed, shares.length);
  let workerMs = 0;
  let vectorCount = 0;
  let longestMs = 0;
  const arrivals = shares.map((share, i) => {
    const vectors = maximalSubtrees(microBatchCount, share).length;
    const examples = (globalBatch * (share.hi - share.lo)) / microBatchCount;
    const ownMs = costs.shareMs + examples * costs.exampleMs + (costs.exchangeMs * (1 + vectors)) / 2;
    workerMs += ownMs;
    vectorCount += vectors;
    longestMs = Math.max(longestMs, elapsedMs(ownMs));
    return { at: (i + 1) * sendMs + latencyMs + elapsedMs(ownMs) + latencyMs, vectors };
  });
  let doneAt = shares.length * sendMs;
  for (const { at, vectors } of arrivals.sort((a, b) => a.at - b.at))
    doneAt = Math.max(doneAt, at) + vectors * receiveMs;

  const coordinatorMs = shares.length * costs.sendMs + vectorCount * costs.receiveMs + costs.fixedMs;
  const alone = doneAt + costs.fixedMs;
  const shared = Math.max((coordinatorMs + workerMs) / plan.cores, workerMs / plan.workerCores);
  const stepMs = Math.max(alone, shared);
  const exchange = alone - longestMs;
  const isWire = vectorWireMs > Math.max(costs.sendMs, costs.receiveMs) || 2 * latencyMs > exchange / 2;
  const bound = longestMs >= exchange ? 'compute' : isWire ? 'network' : 'coordinator';
  return {
    workers,
    stepMs,
    throughput: (globalBatch / stepMs) * 1000,
    limit: shared > alone ? 'cores' : bound,
  };
}

/**
 * How long the slowest of so many workers takes for work of `ownMs`. Each is stopped whenever its slice is used up, and each
 * is somewhere else in its slice when the step begins: one worker takes ownMs / speed on average, the slowest of many is
 * stopped once more than that.
 */
function underQuota(ownMs: number, speed: number, workers: number): number {
  if (speed >= 1) return ownMs;
  const slices = ownMs / (speed * QUOTA_PERIOD_MS);
  const stops = Math.floor(slices) + 1 - (1 - (slices % 1)) ** workers;
  return ownMs + stops * (1 - speed) * QUOTA_PERIOD_MS;
}

/** The number of workers, up to `most`, with the highest throughput; the least of equal ones. */
export function bestPrediction(costs: StepCosts, plan: ClusterPlan, most: number): PredictedStep {
  let best = predictStep(costs, plan, 1);
  for (let workers = 2; workers <= Math.min(most, plan.microBatchCount); workers++) {
    const prediction = predictStep(costs, plan, workers);
    if (prediction.throughput > best.throughput * 1.001) best = prediction;
  }
  return best;
}
