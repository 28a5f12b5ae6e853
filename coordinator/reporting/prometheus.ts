import { basename } from 'node:path';
import type { Counter, Gauge } from '@prometheus-io/client';
import { processUsage } from '../../shared/host/process-usage.ts';
import { printable } from '../../shared/printable.ts';
import type { StepRecord } from '../training/ledger.ts';
import type { RegressionErrors } from '../training/quality.ts';
import type { StepTimes } from '../training/train.ts';
import type { RunEvent, StartEvent } from './events.ts';
import { createPartSeconds } from './part-seconds.ts';
import type { PoolCounters, RefusalCounters } from './pool-events.ts';

/*
 * The answer to `GET /metrics`: a run's figures in Prometheus' text format.
 *
 * A step adds to a few sums, which takes microseconds. All else is read when somebody asks, so a
 * run that nobody watches pays nothing.
 *
 * No label without a bound. A label's values come from a fixed list, or are the ranks of the
 * workers that are here now. The names of workers are the text of strangers, and are not here.
 * A number that is not known yet has no sample: a loss of 0 would be a lie.
 */

/** The figures that are read when somebody asks; a part of the status. */
export interface RunFigures {
  readonly step: number;
  readonly stepCount: number;
  readonly epoch: number;
  readonly trainLoss: number | null;
  readonly validationLoss: number | null;
  readonly testAccuracy: number | null;
  /** Instead of the accuracy, if the target is a number. */
  readonly testErrors?: RegressionErrors | undefined;
  readonly workers: readonly {
    readonly rank: number;
    readonly state: WorkerState;
    readonly examplesPerSecond: number | null;
  }[];
  readonly counters: Readonly<PoolCounters>;
  readonly refusals: Readonly<RefusalCounters>;
}

const WORKER_STATES = ['preparing', 'idle', 'computing', 'late', 'leaving'] as const;
type WorkerState = (typeof WORKER_STATES)[number];

/** Higher ranks have no throughput of their own. */
const RANKS_MAX = 256;

/** From a millisecond to a minute. */
const STEP_BUCKETS = [
  ...[0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5],
  ...[1, 2.5, 5, 10, 30, 60],
];

export interface PrometheusMetrics {
  /** Adds a step. */
  recordStep(record: StepRecord, times: StepTimes): void;
  /** Notes what the run is, and its checkpoints. */
  observe(event: RunEvent): void;
  /** All metrics, as Prometheus reads them. */
  exposition(figures: RunFigures): Promise<{ readonly type: string; readonly text: string }>;
}

/** The metrics of one run. Loads their library, which a run without a port does not need. */
export async function createPrometheusMetrics(): Promise<PrometheusMetrics> {
  const client = await import('@prometheus-io/client');
  // Not the library's global one: there may be several runs in a process.
  const registry = new client.Registry();
  const create: CreateMetrics = {
    gauge: (name, help, ...labelNames) =>
      new client.Gauge({ name, help, labelNames, registers: [registry] }),
    counter: (name, help, ...labelNames) =>
      new client.Counter({ name, help, labelNames, registers: [registry] }),
  };
  const setters = [
    createTrainingMetrics(create),
    createWorkerMetrics(create),
    createFaultMetrics(create),
    createProcessMetrics(create),
  ];
  const { runInfo, checkpointTime, learningRate, examples, partSeconds } = createOwnMetrics(create);
  const stepDuration = new client.Histogram({
    name: 'lockstep_step_duration_seconds',
    help: 'Time of a training step in seconds, from asking for its sum to the end of its update.',
    buckets: STEP_BUCKETS,
    registers: [registry],
  });
  const parts = createPartSeconds();
  let lastRate: number | undefined;
  let exampleCount = 0;
  return {
    recordStep(record, times) {
      stepDuration.observe(record.milliseconds / 1000);
      parts.add(record, times);
      lastRate = record.learningRate;
      exampleCount += record.examples;
    },
    observe(event) {
      if (event.event === 'start') runInfo.set(infoOf(event), 1);
      if (event.event === 'checkpoint') checkpointTime.set(Date.now() / 1000);
    },
    async exposition(figures) {
      for (const set of setters) set(figures);
      setIfKnown(learningRate, lastRate);
      setTotal(examples, exampleCount);
      setTotals(partSeconds, 'part', parts.sums);
      return { type: registry.contentType, text: await registry.metrics() };
    },
  };
}

/** Creates metrics. A help text names the unit. */
interface CreateMetrics {
  gauge(name: string, help: string, ...labelNames: string[]): Gauge<string>;
  counter(name: string, help: string, ...labelNames: string[]): Counter<string>;
}

type SetFrom<Figures> = (figures: Figures) => void;

/** Metrics whose values come with steps and events. */
function createOwnMetrics({ gauge, counter }: CreateMetrics) {
  const checkpointTime = gauge(
    'lockstep_checkpoint_last_success_timestamp_seconds',
    'When this process last saved a checkpoint, in seconds since 1970.',
  );
  checkpointTime.remove();
  return {
    checkpointTime,
    runInfo: gauge('lockstep_run_info', 'What the run computes. Always 1.', ...INFO_LABELS),
    learningRate: gauge('lockstep_learning_rate', 'Learning rate of the last step.'),
    examples: counter(
      'lockstep_examples_total',
      'Training examples that steps of this process have used.',
    ),
    partSeconds: counter(
      'lockstep_step_part_seconds_total',
      'Time of training steps in seconds, by the part of the step. See `lockstep speedup`.',
      'part',
    ),
  };
}

function createTrainingMetrics({ gauge }: CreateMetrics): SetFrom<RunFigures> {
  const step = gauge('lockstep_step', 'Updates of the parameters so far.');
  const planned = gauge('lockstep_planned_steps', 'Updates in all, unless the run stops earlier.');
  const epoch = gauge('lockstep_epoch', 'The epoch of the last update, from 1.');
  const trainLoss = gauge(
    'lockstep_train_loss',
    'Mean training loss over the last second or so of steps.',
  );
  const validationLoss = gauge(
    'lockstep_validation_loss',
    'Mean loss over the validation set after the last epoch.',
  );
  const testAccuracy = gauge(
    'lockstep_test_accuracy_ratio',
    'Accuracy on the test set after the last epoch, as a fraction from 0 to 1.',
  );
  const rmse = gauge(
    'lockstep_test_rmse',
    'Root of the mean squared error on the test set after the last epoch, in units of the target.',
  );
  const mae = gauge(
    'lockstep_test_mae',
    'Mean absolute error on the test set after the last epoch, in units of the target.',
  );
  const r2 = gauge(
    'lockstep_test_r2',
    'R² on the test set after the last epoch: 1 is perfect, 0 is as good as always the mean.',
  );
  return (figures) => {
    step.set(figures.step);
    planned.set(figures.stepCount);
    epoch.set(figures.epoch);
    setIfKnown(trainLoss, figures.trainLoss);
    setIfKnown(validationLoss, figures.validationLoss);
    setIfKnown(testAccuracy, figures.testAccuracy);
    setIfKnown(rmse, figures.testErrors?.rmse);
    setIfKnown(mae, figures.testErrors?.mae);
    setIfKnown(r2, figures.testErrors?.r2);
  };
}

function createWorkerMetrics({ gauge, counter }: CreateMetrics): SetFrom<RunFigures> {
  const workers = gauge('lockstep_workers', 'Admitted workers, by state.', 'state');
  const speeds = gauge(
    'lockstep_worker_examples_per_second',
    'Measured training examples per second of a worker that is here now.',
    'rank',
  );
  const joined = counter('lockstep_workers_joined_total', 'Workers that became ready.');
  const left = counter('lockstep_workers_left_total', 'Workers that were ready and are gone.');
  const refused = counter(
    'lockstep_workers_refused_total',
    'Workers that were refused before their first share, by reason.',
    'reason',
  );
  return (figures) => {
    for (const state of WORKER_STATES)
      workers.set({ state }, figures.workers.filter((worker) => worker.state === state).length);
    // Ranks that are gone have no sample.
    speeds.reset();
    for (const { rank, examplesPerSecond } of figures.workers)
      if (rank < RANKS_MAX && examplesPerSecond !== null) speeds.set({ rank }, examplesPerSecond);
    setTotal(joined, figures.counters.joinedWorkers);
    setTotal(left, figures.counters.leftWorkers);
    setTotals(refused, 'reason', figures.refusals);
  };
}

function createFaultMetrics({ counter }: CreateMetrics): SetFrom<RunFigures> {
  const lateShares = counter('lockstep_late_shares_total', 'Shares past their deadline.');
  const reissued = counter(
    'lockstep_reissued_leaves_total',
    'Leaves assigned again: their worker was late or lost, or their sum was discarded.',
    'reason',
  );
  const stale = counter('lockstep_stale_answers_total', 'Sums for a round that was over.');
  const audits = counter(
    'lockstep_audits_total',
    'Audits that passed, and sums that were found to be wrong, by result.',
    'result',
  );
  const bytes = counter(
    'lockstep_bytes_total',
    'Bytes of all frames to workers (sent) and from workers (received).',
    'direction',
  );
  return ({ counters }) => {
    const { lateLeaves: late, lostLeaves: lost, discardedLeaves: discarded } = counters;
    const { passedAudits: passed, wrongSums: wrong } = counters;
    const { sentBytes: sent, receivedBytes: received } = counters;
    setTotal(lateShares, counters.lateShares);
    setTotals(reissued, 'reason', { late, lost, discarded });
    setTotal(stale, counters.staleAnswers);
    setTotals(audits, 'result', { passed, wrong });
    setTotals(bytes, 'direction', { sent, received });
  };
}

/** The few figures of the process that all programs give under these names. */
function createProcessMetrics({ gauge, counter }: CreateMetrics): SetFrom<unknown> {
  const started = gauge(
    'process_start_time_seconds',
    'When the coordinator started, in seconds since 1970.',
  );
  const cpu = counter('process_cpu_seconds_total', 'CPU time of the coordinator in seconds.');
  const memory = gauge(
    'process_resident_memory_bytes',
    'Resident memory of the coordinator in bytes.',
  );
  started.set(performance.timeOrigin / 1000);
  return () => {
    setTotal(cpu, processUsage().cpuMs / 1000);
    memory.set(process.memoryUsage.rss());
  };
}

const INFO_LABELS = [
  'run',
  'model',
  'dataset',
  'parameters',
  'global_batch',
  'micro_batches',
  'numerics',
  'tile',
] as const;

function infoOf(start: StartEvent): Record<(typeof INFO_LABELS)[number], string | number> {
  return {
    run: printable(basename(start.runDir)),
    model: printable(start.model),
    dataset: printable(start.dataset),
    parameters: start.parameterCount,
    global_batch: start.globalBatch,
    micro_batches: start.microBatchCount,
    numerics: start.numerics,
    tile: start.tile,
  };
}

/** Without a value, the metric has no sample. */
function setIfKnown(gauge: Gauge<string>, value: number | null | undefined): void {
  if (value === null || value === undefined) gauge.remove();
  else gauge.set(value);
}

/** Counts are kept elsewhere, and the library's counters can only be added to. */
function setTotal(counter: Counter<string>, total: number): void {
  counter.reset();
  counter.inc(total);
}

function setTotals(
  counter: Counter<string>,
  label: string,
  totals: Readonly<Record<string, number>>,
): void {
  counter.reset();
  for (const [value, total] of Object.entries(totals)) counter.inc({ [label]: value }, total);
}
