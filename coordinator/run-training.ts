import { setImmediate } from 'node:timers/promises';
import type { Dataset } from '../shared/data/dataset.ts';
import { isRegression } from '../shared/data/target.ts';
import { describeModel } from '../shared/engine/model/describe-model.ts';
import { describeFault, isPermanent, LockstepError, reasonOf } from '../shared/errors.ts';
import { formatCommand, shortPath } from '../shared/host/command-line.ts';
import { describeEngine, openEngine } from '../shared/host/load-engine.ts';
import type { RunConfig } from '../shared/round/run-config.ts';
import { systemClock } from '../shared/system-clock.ts';
import { type Cluster, type ClusterOptions, openCluster } from './cluster/cluster.ts';
import type { RunEnd } from './connection/close-reason.ts';
import { resumeCommand } from './options/continuation.ts';
import { AUDIT_HERE, type RunOptions } from './options/run-options.ts';
import { isLoopback } from './port/hosts.ts';
import { createLivePredictions } from './prediction/live-predictions.ts';
import type { DoneEvent, Report, RunEvent, StartEvent } from './reporting/events.ts';
import { createNoticeLog, type NoticeLog } from './reporting/notice-log.ts';
import { createProgressMeter, type ProgressMeter } from './reporting/progress-meter.ts';
import { createPrometheusMetrics, type PrometheusMetrics } from './reporting/prometheus.ts';
import { createStepTimings, type StepTimings } from './reporting/step-timings.ts';
import { openTrace, type Trace } from './reporting/trace.ts';
import { createRunDashboard, type RunDashboard } from './run-dashboard.ts';
import {
  type PortRecord,
  readPortRecord,
  removePortRecord,
  writePortRecord,
} from './run-folder/port-record.ts';
import {
  continueRunFolder,
  createRunFolder,
  type RunFolder,
  restartRunFolder,
} from './run-folder/run-folder.ts';
import { planRun, type RunPlan } from './run-plan.ts';
import { statusOf } from './run-status.ts';
import { trainAndSave } from './train-and-save.ts';
import { LocalSource } from './training/local-source.ts';
import { baselineOf } from './training/quality.ts';
import { isOver } from './training/train.ts';

/**
 * Carries out one run, from its options to its `done` event: plans it, opens the port and the
 * folder, gathers workers, trains, and saves. Without options of a cluster, this process computes
 * everything. When `signal` is aborted during training, saves a checkpoint and rejects with the
 * signal's reason.
 */
export async function runTraining(
  options: RunOptions,
  clusterFor: (config: RunConfig) => ClusterOptions | undefined,
  tell: Report,
  signal: AbortSignal,
): Promise<DoneEvent> {
  const notices = createNoticeLog();
  let dashboard: RunDashboard | undefined;
  const report: Report = (event) => {
    notices.observe(event);
    dashboard?.observe(event);
    tell(event);
  };
  const plan = await planRun(options, report, signal);
  const meter = createProgressMeter(systemClock, plan.stepCount);
  dashboard = createRunDashboard(plan, meter, options, (error) =>
    report({ event: 'notice', code: 'fault', message: describeFault(error) }),
  );
  const timings = createStepTimings();
  const trace = await openTraceIfAsked(options, report);
  // A finished run would wait for workers that it does not need.
  const asked = isOver(plan) ? undefined : clusterFor(plan.config);
  const clusterOptions = asked && (await withPortOf(asked, plan, options));
  const shown = { notices, meter, timings, dashboard };
  const { cluster, prometheus } = clusterOptions
    ? await openClusterFor(plan, options, clusterOptions, shown, report)
    : NO_CLUSTER;
  if (cluster) dashboard.attach(cluster.view);
  let done: DoneEvent;
  let end: RunEnd = { why: 'finished' };
  try {
    const portRecord = cluster && clusterOptions && portRecordOf(cluster.port, clusterOptions);
    const sinks = { meter, timings, trace, dashboard, prometheus, report, portRecord };
    done = await trainInFolder(plan, options, cluster, sinks, signal);
  } catch (error) {
    end = endAfter(error);
    dashboard.fail(error);
    throw error;
  } finally {
    dashboard.close();
    await Promise.all([cluster?.close(end), trace?.close()]);
    plan.computer.close?.();
  }
  tell(done);
  return done;
}

/**
 * The options with the port and the control token of the run's last coordinator, so that an open
 * page finds the run again. A port that the user has chosen stays.
 */
async function withPortOf(
  options: ClusterOptions,
  { found, restartIn }: RunPlan,
  { out }: RunOptions,
): Promise<ClusterOptions> {
  const directory = out === undefined ? (found?.runDirectory ?? restartIn) : undefined;
  const before = directory === undefined ? undefined : await readPortRecord(directory);
  if (!before) return options;
  const { secrets } = options;
  const { controlToken = secrets.controlToken, port: preferredPort } = before;
  const isKept = secrets.controlToken !== undefined && controlToken !== undefined;
  return { ...options, preferredPort, ...(isKept && { secrets: { ...secrets, controlToken } }) };
}

/** The token is kept only where nobody else's machine reaches the port. */
function portRecordOf(port: number, { host, secrets }: ClusterOptions): PortRecord {
  const { controlToken } = secrets;
  return { port, ...(controlToken !== undefined && isLoopback(host) && { controlToken }) };
}

/** A cluster, and the metrics that its port shows. */
interface OpenCluster {
  readonly cluster: Cluster | undefined;
  readonly prometheus: PrometheusMetrics | undefined;
}

const NO_CLUSTER: OpenCluster = { cluster: undefined, prometheus: undefined };

/**
 * What workers are told after an error. They come back unless it ends the run for good. A run that
 * waited too long for workers is over, too: its user has set the time.
 */
function endAfter(error: unknown): RunEnd {
  const isOver = isPermanent(error) || (error instanceof LockstepError && error.code === 'WORKERS');
  return isOver ? { why: 'failed', message: reasonOf(error) } : { why: 'stopping' };
}

function openTraceIfAsked({ trace }: RunOptions, report: Report): Promise<Trace | undefined> {
  const onFailure = (message: string) => report({ event: 'notice', code: 'trace', message });
  return trace === undefined ? Promise.resolve(undefined) : openTrace(trace, onFailure);
}

async function openClusterFor(
  plan: RunPlan,
  { audit, auditHere = AUDIT_HERE, predict }: RunOptions,
  clusterOptions: ClusterOptions,
  shown: {
    notices: NoticeLog;
    meter: ProgressMeter;
    timings: StepTimings;
    dashboard: RunDashboard;
  },
  report: Report,
): Promise<OpenCluster> {
  const { config, workload, loaded, engine, computer } = plan;
  const { notices, meter, timings, dashboard } = shown;
  const prometheus = await createPrometheusMetrics();
  const cluster = await openCluster(clusterOptions, {
    config,
    workload,
    loaded,
    engine,
    computer,
    auditFraction: audit,
    auditHereFraction: auditHere,
    report,
    status: (cluster) => ({ ...statusOf(plan, meter, cluster), notices: notices.newest() }),
    stepsAfter: timings.pageAfter,
    openEvents: dashboard.openEvents,
    routes: dashboard.routes,
    predict: predict && predictionsOf(plan),
    dataRoutes: dashboard.dataRoutes,
    metrics: (cluster) => prometheus.exposition(statusOf(plan, meter, cluster)),
  });
  return { cluster, prometheus };
}

/** Classifies pictures with an engine of its own, whose memory training does not use. */
const predictionsOf = ({ config, workload: { model }, loaded: { dataset }, server }: RunPlan) =>
  createLivePredictions(
    { config, model, dataset, server },
    openEngine(config.numerics),
    systemClock,
  );

async function trainInFolder(
  plan: RunPlan,
  options: RunOptions,
  cluster: Cluster | undefined,
  sinks: {
    meter: ProgressMeter;
    timings: StepTimings;
    trace: Trace | undefined;
    dashboard: RunDashboard;
    prometheus: PrometheusMetrics | undefined;
    portRecord: PortRecord | undefined;
    report: Report;
  },
  signal: AbortSignal,
): Promise<DoneEvent> {
  const { config, workload, server, progress, stopRule, stepsMax, computer } = plan;
  const { dashboard, portRecord } = sinks;
  const { measureStep } = dashboard;
  const report: Report = (event) => {
    sinks.prometheus?.observe(event);
    sinks.report(event);
  };
  const folder = await openFolder(plan, options, report, signal);
  report(startEvent(plan, folder));
  // Without this record, the run goes on just as well.
  if (!cluster && !isOver(plan)) report(noDashboard(folder.directory));
  if (portRecord) await writePortRecord(folder.directory, portRecord).catch(() => {});
  const stopKeeping = dashboard.keepIn(folder, report);
  const ends = [signal, folder.lost, ...(cluster ? [cluster.failure] : [])];
  const end = AbortSignal.any(ends);
  const source = cluster?.pool ?? new LocalSource(computer, workload, setImmediate);
  const { checkpointEvery, checkpointInterval } = options;
  try {
    const done = await trainAndSave(
      {
        ...{ config, workload, source, server, progress, stopRule, stepsMax, measureStep },
        clock: systemClock,
      },
      {
        ...sinks,
        report,
        folder,
        secondsBefore: plan.found?.checkpoint.seconds ?? 0,
        resumeCommand: resumeCommand(options, folder.directory),
        traffic: () => cluster?.pool.counters ?? { sentBytes: 0, receivedBytes: 0 },
        checkpointSchedule: { everySteps: checkpointEvery, everyMs: checkpointInterval * 1000 },
      },
      async (abort) => cluster?.gather(abort),
      end,
    );
    dashboard.observe(done);
    await removePortRecord(folder.directory).catch(() => {});
    return done;
  } catch (error) {
    // Before the folder is closed, because its records tell how the run ended.
    dashboard.fail(error);
    throw error;
  } finally {
    stopKeeping();
    await folder.close();
  }
}

function openFolder(
  plan: RunPlan,
  { out }: RunOptions,
  report: Report,
  signal: AbortSignal,
): Promise<RunFolder> {
  const { found, restartIn, description } = plan;
  const say = (message: string) => report({ event: 'notice', code: 'checkpoint', message });
  const context = { clock: systemClock, signal, say };
  if (found) return continueRunFolder(out, found, description, isOver(plan), context);
  if (restartIn !== undefined) return restartRunFolder(restartIn, description, context);
  return createRunFolder(out, description, context);
}

function noDashboard(directory: string): RunEvent {
  const view = formatCommand('view', shortPath(directory));
  const message = `this process listens on no port, so the dashboard is another one: ${view}`;
  return { event: 'notice', code: 'dashboard', message };
}

function startEvent(plan: RunPlan, folder: RunFolder): StartEvent {
  const { config, workload, loaded, server, stopRule, found, initial } = plan;
  return {
    event: 'start',
    runDir: folder.directory,
    resumedFrom: found?.file ?? null,
    initialWeightsFrom: initial?.file ?? null,
    model: describeModel(workload.model),
    numerics: config.numerics,
    tile: describeEngine(config.numerics).tile,
    parameterCount: workload.parameterCount,
    dataset: config.dataset.name,
    trainingExamples: loaded.dataset.train.count - config.validationCount,
    validationExamples: config.validationCount,
    testExamples: loaded.dataset.test.count,
    ...targetOf(loaded.dataset),
    globalBatch: config.globalBatch,
    microBatchCount: config.microBatchCount,
    stepsPerEpoch: workload.stepsPerEpoch,
    epochs: stopRule.epochs,
    step: server.step,
  };
}

/** For people: what a run with numbers as targets must be better than. */
function targetOf(dataset: Dataset): Pick<StartEvent, 'target'> {
  const { errors } = baselineOf(dataset);
  if (!errors || !isRegression(dataset.manifest)) return {};
  return { target: { name: dataset.manifest.target.name, baseline: errors } };
}
