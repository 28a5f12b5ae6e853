import { planShares } from '../../../coordinator/scheduling/planner.ts';
import { maximalSubtrees } from '../../../shared/reduction-tree.ts';

/** The costs of a step's work, in ms of one core. A vector is a partial sum of gradients. */
export interface StepCosts {
  /** Worker, per share: the part that does not depend on the size of the share. */
  readonly shareMs: number;
  /** Worker, per example: forward and backward pass. */
  readonly exampleMs: number;
  /** Coordinator, per step: update, fingerprint and record. */
  readonly fixedMs: number;
  /** Coordinator, per worker: writing the parameters. */
  readonly sendMs: number;
  /** Coordinator, per vector: reading, checking and adding it. */
  readonly receiveMs: number;
  /** Worker, per step: reading the parameters and writing one vector. */
  readonly exchangeMs: number;
}

/**
 * Linux gives a quota in slices. In each period, a container runs until its part of the period is
 * used up, and is stopped for the rest.
 */
const QUOTA_PERIOD_MS = 100;

/** The size of a step and the machines that it runs on. */
export interface ClusterPlan {
  readonly globalBatch: number;
  readonly microBatchCount: number;
  /** Size of the parameters, and of each vector. */
  readonly vectorBytes: number;
  /** Quota of a worker in cores, at most 1. */
  readonly workerSpeed: number;
  /** Bandwidth of the coordinator's network, in bits/s each way. May be infinite. */
  readonly bandwidth: number;
  /** Latency one way. */
  readonly latencyMs: number;
  /** Cores that the coordinator and all workers share. Infinite if they share no machine. */
  readonly cores: number;
  /** Cores that all workers share. May be infinite. */
  readonly workerCores: number;
}

/** The resource that limits the speed of a step. */
export type StepLimit = 'compute' | 'coordinator' | 'network' | 'cores';

export interface PredictedStep {
  readonly workers: number;
  readonly stepMs: number;
  /** In examples/s. */
  readonly throughput: number;
  readonly limit: StepLimit;
}

/**
 * Predicts the time of a step with `workers` equal workers.
 *
 * The coordinator writes the parameters to one worker after the other. Each worker computes as soon
 * as it has them. The coordinator reads and adds the vectors one by one, in the order of their
 * arrival. With shared cores, a step takes at least the time of all its work divided by the number
 * of cores.
 */
export function predictStep(costs: StepCosts, plan: ClusterPlan, workers: number): PredictedStep {
  const { microBatchCount, globalBatch, vectorBytes, workerSpeed, bandwidth, latencyMs } = plan;
  const tree = { lo: 0, hi: microBatchCount };
  const shares = planShares(tree, new Array<number>(workers).fill(1)).filter(
    ({ lo, hi }) => lo < hi,
  );
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
    const ownMs =
      costs.shareMs + examples * costs.exampleMs + (costs.exchangeMs * (1 + vectors)) / 2;
    workerMs += ownMs;
    vectorCount += vectors;
    longestMs = Math.max(longestMs, elapsedMs(ownMs));
    return { at: (i + 1) * sendMs + latencyMs + elapsedMs(ownMs) + latencyMs, vectors };
  });
  let doneAt = shares.length * sendMs;
  for (const { at, vectors } of arrivals.sort((a, b) => a.at - b.at))
    doneAt = Math.max(doneAt, at) + vectors * receiveMs;

  const coordinatorMs =
    shares.length * costs.sendMs + vectorCount * costs.receiveMs + costs.fixedMs;
  const alone = doneAt + costs.fixedMs;
  const shared = Math.max((coordinatorMs + workerMs) / plan.cores, workerMs / plan.workerCores);
  const stepMs = Math.max(alone, shared);
  const exchange = alone - longestMs;
  const isWire =
    vectorWireMs > Math.max(costs.sendMs, costs.receiveMs) || 2 * latencyMs > exchange / 2;
  const bound = longestMs >= exchange ? 'compute' : isWire ? 'network' : 'coordinator';
  return {
    workers,
    stepMs,
    throughput: (globalBatch / stepMs) * 1000,
    limit: shared > alone ? 'cores' : bound,
  };
}

/**
 * The expected time that the slowest of `workers` workers takes for work of `ownMs`, with a quota
 * of `speed` cores each.
 *
 * A worker is stopped whenever its slice is used up. When the step begins, each worker is at
 * another point of its slice. So one worker takes ownMs / speed on average, and the slowest of many
 * workers is stopped once more.
 */
function underQuota(ownMs: number, speed: number, workers: number): number {
  if (speed >= 1) return ownMs;
  const slices = ownMs / (speed * QUOTA_PERIOD_MS);
  const stops = Math.floor(slices) + 1 - (1 - (slices % 1)) ** workers;
  return ownMs + stops * (1 - speed) * QUOTA_PERIOD_MS;
}

/**
 * The prediction with the highest throughput, for up to `most` workers and at most one worker per
 * micro-batch. More workers count as better only if the throughput rises by more than 0.1 %.
 */
export function bestPrediction(costs: StepCosts, plan: ClusterPlan, most: number): PredictedStep {
  let best = predictStep(costs, plan, 1);
  for (let workers = 2; workers <= Math.min(most, plan.microBatchCount); workers++) {
    const prediction = predictStep(costs, plan, workers);
    if (prediction.throughput > best.throughput * 1.001) best = prediction;
  }
  return best;
}
