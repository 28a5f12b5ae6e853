import { describeModel } from '../shared/engine/model/describe-model.ts';
import type { ClusterView } from './cluster/cluster.ts';
import type { WorkerRow } from './dashboard/model/run-view.ts';
import type { ProgressMeter } from './reporting/progress-meter.ts';
import type { TrainingRun } from './training/train.ts';

type RunningPlan = Pick<TrainingRun, 'config' | 'workload' | 'server' | 'progress'> & {
  readonly stepCount: number;
};

/** The answer to `GET /api/status`. */
export function statusOf(
  { config, workload, server, progress, stepCount }: RunningPlan,
  meter: ProgressMeter,
  cluster: ClusterView,
) {
  const { worldSize } = cluster.pool;
  return {
    state:
      worldSize === 0 || !cluster.isGathered
        ? 'waiting'
        : server.step < stepCount
          ? 'training'
          : 'finishing',
    model: describeModel(workload.model),
    parameterCount: workload.parameterCount,
    globalBatch: config.globalBatch,
    microBatchCount: config.microBatchCount,
    step: server.step,
    stepCount,
    epoch: Math.max(1, Math.ceil(server.step / workload.stepsPerEpoch)),
    worldSize,
    examplesPerSecond: meter.latest?.examplesPerSecond ?? 0,
    secondsLeft: meter.latest?.secondsLeft ?? null,
    trainLoss: meter.latest?.trainLoss ?? null,
    validationLoss: progress.last?.validationLoss ?? null,
    testAccuracy: progress.last?.testAccuracy ?? null,
    ...(progress.last?.testErrors && { testErrors: progress.last.testErrors }),
    workers: workersOf(cluster),
    counters: cluster.pool.counters,
    refusals: cluster.pool.refusals,
  };
}

/** The workers of a cluster, for people. */
export function workersOf({ pool }: ClusterView): WorkerRow[] {
  return pool.workers().map(({ admittedAt, ...worker }) => ({
    ...worker,
    // The coordinator's clock counts from the start of this process.
    since: new Date(performance.timeOrigin + admittedAt).toISOString(),
  }));
}
