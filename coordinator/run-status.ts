import { describeModel } from '../shared/engine/describe-model.ts';
import type { Cluster } from './cluster.ts';
import type { RunEvent } from './events.ts';
import type { ProgressMeter } from './progress-meter.ts';
import type { TrainingRun } from './train.ts';

/** How many of the newest notices are kept. */
const NOTICES_KEPT = 50;

/** A notice as the status tells it. */
interface Notice {
  /** ISO 8601. */
  readonly time: string;
  readonly code: string;
  readonly message: string;
}

export interface NoticeLog {
  observe(event: RunEvent): void;
  readonly newest: readonly Notice[];
}

export function createNoticeLog(): NoticeLog {
  const newest: Notice[] = [];
  return {
    newest,
    observe(event) {
      if (event.event !== 'notice') return;
      newest.push({ time: new Date().toISOString(), code: event.code, message: event.message });
      if (newest.length > NOTICES_KEPT) newest.shift();
    },
  };
}

type RunningPlan = Pick<TrainingRun, 'config' | 'workload' | 'server' | 'progress'> & {
  readonly stepCount: number;
};

/** The answer to `GET /api/status`. */
export function statusOf(
  { config, workload, server, progress, stepCount }: RunningPlan,
  meter: ProgressMeter,
  cluster?: Cluster,
) {
  const worldSize = cluster?.pool.worldSize ?? 0;
  return {
    state:
      worldSize === 0 || !cluster?.isGathered
        ? 'waiting'
        : server.step < stepCount
          ? 'training'
          : 'finishing',
    model: describeModel(config.model),
    parameterCount: workload.parameterCount,
    globalBatch: config.globalBatch,
    microBatchCount: config.microBatchCount,
    step: server.step,
    stepCount,
    epoch: Math.floor(server.step / workload.stepsPerEpoch) + 1,
    worldSize,
    examplesPerSecond: meter.latest?.examplesPerSecond ?? 0,
    secondsLeft: meter.latest?.secondsLeft ?? null,
    trainLoss: meter.latest?.trainLoss ?? null,
    validationLoss: progress.last?.validationLoss ?? null,
    testAccuracy: progress.last?.testAccuracy ?? null,
    workers: cluster?.pool.workers() ?? [],
    counters: cluster?.pool.counters ?? {},
  };
}
