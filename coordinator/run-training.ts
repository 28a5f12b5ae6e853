import { systemClock } from '../shared/clock.ts';
import {
  coordinatorSources,
  type LoadedDataset,
  loadDataset,
  readManifest,
} from '../shared/data/load-dataset.ts';
import { describeModel } from '../shared/engine/describe-model.ts';
import type { Engine } from '../shared/engine/engine.ts';
import { LockstepError, reasonOf } from '../shared/errors.ts';
import { availableNumerics, describeEngine, engineNotice, openEngine } from '../shared/load-engine.ts';
import { createShareComputer, type ShareComputer } from '../shared/share-computer.ts';
import { createWorkload } from '../shared/workload.ts';
import { type Checkpoint, parametersSha256 } from './checkpoint.ts';
import { type CheckpointWriterOptions, createCheckpointWriter } from './checkpoint-writer.ts';
import { type Cluster, type ClusterOptions, openCluster } from './cluster.ts';
import type { DoneEvent, Report, StartEvent } from './events.ts';
import type { StepRecord } from './ledger.ts';
import { LocalSource } from './local-source.ts';
import { modelFor } from './model-source.ts';
import { assertResumable, newRunConfig, stopRuleOf } from './new-run.ts';
import { createParameterServer } from './parameter-server.ts';
import { initialProgress } from './progress.ts';
import { createProgressMeter, type ProgressMeter } from './progress-meter.ts';
import {
  continueRunFolder,
  createRunFolder,
  type FoundCheckpoint,
  findCheckpoint,
  findCheckpointIfAny,
  loadCheckpoint,
  type RunFolder,
  restartRunFolder,
} from './run-folder.ts';
import type { RunOptions } from './run-options.ts';
import { createNoticeLog, statusOf } from './run-status.ts';
import { createStepTimings, type StepTimings } from './step-timings.ts';
import { openTrace, type Trace } from './trace.ts';
import { evaluate, isOver, type TrainingRun, train, trainingMeans } from './train.ts';

/**
 * One run, from its options to its `done` event: gets the data, opens the run's folder, gathers workers, trains,
 * saves. Without `clusterOptions` everything is computed in this process. When `signal` is aborted it saves a
 * checkpoint and rejects with the signal's reason.
 */
export async function runTraining(
  options: RunOptions,
  clusterOptions: ClusterOptions | undefined,
  tell: Report,
  signal: AbortSignal,
): Promise<DoneEvent> {
  const notices = createNoticeLog();
  const report: Report = (event) => {
    notices.observe(event);
    tell(event);
  };
  const plan = await planRun(options, report, signal);
  const onTraceFailure = (message: string) => report({ event: 'notice', code: 'trace', message });
  const trace = options.trace === undefined ? undefined : await openTrace(options.trace, onTraceFailure);
  const meter = createProgressMeter(systemClock, plan.stepCount);
  const timings = createStepTimings(() => cluster?.pool.counters);
  // A run that is over needs no workers, and would wait for them.
  const cluster: Cluster | undefined =
    clusterOptions && !isOver(plan)
      ? await openCluster(clusterOptions, {
          ...plan,
          report,
          status: () => ({ ...statusOf(plan, meter, cluster), notices: notices.newest }),
          stepsAfter: timings.after,
        })
      : undefined;
  const stop = cluster ? AbortSignal.any([signal, cluster.failure]) : signal;
  let done: DoneEvent | undefined;
  try {
    const folder = await folderFor(plan, options);
    report(startEvent(plan, folder));
    const source = cluster?.pool ?? new LocalSource(plan.computer, plan.workload);
    try {
      const end = AbortSignal.any([stop, folder.lost]);
      await cluster?.gather(end);
      done = await trainAndSave({ ...plan, source, meter, timings, trace }, folder, report, end);
    } finally {
      await folder.close();
    }
  } finally {
    await Promise.all([cluster?.close(done ? 'finished' : 'interrupted'), trace?.close()]);
  }
  report(done);
  return done;
}

function folderFor({ found, config, stopRule }: RunPlan, options: RunOptions): Promise<RunFolder> {
  const { out, resumeOrStart } = options;
  if (found) return continueRunFolder(out, found, stopRule);
  if (resumeOrStart !== undefined) return restartRunFolder(resumeOrStart, config, stopRule);
  return createRunFolder(out, config, stopRule);
}

/** All that a run is before it has a folder and workers. */
interface RunPlan extends Omit<TrainingRun, 'source' | 'onStep' | 'onEpoch'> {
  readonly found: FoundCheckpoint | undefined;
  readonly loaded: LoadedDataset;
  readonly engine: Engine;
  readonly computer: ShareComputer;
  /** Updates in all, unless it stops early. */
  readonly stepCount: number;
  readonly checkpointSchedule: Pick<CheckpointWriterOptions, 'everySteps' | 'everyMs'>;
  readonly auditFraction: number;
}

async function planRun(options: RunOptions, report: Report, signal: AbortSignal): Promise<RunPlan> {
  const found = await checkpointFor(options);
  for (const message of found?.skipped ?? []) report({ event: 'notice', code: 'checkpoint', message });
  const resumed = found?.checkpoint;
  if (resumed) await assertResumable(options, resumed.config);

  const manifest = resumed?.config.dataset ?? (await readManifest(options.dataDir));
  const loaded = await loadDataset(manifest, coordinatorSources(options.dataDir), { signal, report });
  const { dataset } = loaded;
  const config =
    resumed?.config ?? newRunConfig(options, dataset, await modelFor(options, dataset), availableNumerics());
  const engine = openEngine(config.numerics);
  const notice = engineNotice(config.numerics);
  if (notice) report({ event: 'notice', code: 'engine', message: notice });
  const workload = createWorkload(config, dataset);
  const stopRule = stopRuleOf(options, config, resumed?.stopRule);
  const stepsMax = options.steps ?? Number.POSITIVE_INFINITY;
  return {
    found,
    loaded,
    engine,
    config,
    workload,
    computer: createShareComputer(engine, config, workload),
    server: createParameterServer(engine, config, workload, resumed),
    progress: resumed ? { ...resumed.progress } : initialProgress(),
    stopRule,
    stepsMax,
    stepCount: Math.min(stepsMax, stopRule.epochs * workload.stepsPerEpoch),
    checkpointSchedule: {
      everySteps: options.checkpointEvery,
      everyMs: options.checkpointInterval * 1000,
    },
    auditFraction: options.audit,
    clock: systemClock,
  };
}

async function checkpointFor({ resume, resumeOrStart }: RunOptions): Promise<FoundCheckpoint | undefined> {
  if (resume !== undefined) return findCheckpoint(resume);
  return resumeOrStart === undefined ? undefined : findCheckpointIfAny(resumeOrStart);
}

async function trainAndSave(
  plan: RunPlan &
    Pick<TrainingRun, 'source'> & {
      meter: ProgressMeter;
      timings: StepTimings;
      trace: Trace | undefined;
    },
  folder: RunFolder,
  report: Report,
  signal: AbortSignal,
): Promise<DoneEvent> {
  const { server, workload, clock, meter, timings, trace } = plan;
  const startedAt = clock.now();
  let epochStartedAt = startedAt;
  const writer = createCheckpointWriter({
    clock,
    ...plan.checkpointSchedule,
    save: () => folder.saveCheckpoint(checkpointOf(plan)),
    onSaved: (step, file) => report({ event: 'checkpoint', step, file }),
    onFailure(step, error) {
      const message = `step ${step} is not saved: ${reasonOf(error)}; training goes on, and tries again`;
      report({ event: 'notice', code: 'checkpoint', message });
    },
  });

  let isMetricsFailing = false;
  function tryAppend(metrics: StepRecord): void {
    try {
      folder.appendMetrics(metrics);
      isMetricsFailing = false;
    } catch (error) {
      const message = `metrics of step ${metrics.step} and later are not written: ${reasonOf(error)}`;
      if (!isMetricsFailing) report({ event: 'notice', code: 'checkpoint', message });
      isMetricsFailing = true;
    }
  }

  const run: TrainingRun = {
    ...plan,
    async onStep(metrics, times) {
      tryAppend(metrics);
      const stepTiming = timings.record(metrics, times);
      trace?.record(stepTiming);
      const event = meter.record(metrics);
      if (event) report(event);
      const isEpochEnd = server.step % workload.stepsPerEpoch === 0;
      if (!isEpochEnd) writer.stepDone(server.step);
    },
    async onEpoch(result) {
      report({ event: 'epoch', ...result, seconds: (clock.now() - epochStartedAt) / 1000 });
      await writer.begin(server.step);
      epochStartedAt = clock.now();
    },
  };

  /** The last checkpoint must succeed. */
  async function saveLast(): Promise<void> {
    await writer.idle();
    if (writer.savedStep === server.step) return;
    const file = await folder.saveCheckpoint(checkpointOf(plan));
    report({ event: 'checkpoint', step: server.step, file });
  }

  try {
    await train(run, signal);
  } catch (error) {
    const isDiverged = error instanceof LockstepError && error.code === 'DIVERGED';
    if (isDiverged || folder.lost.aborted) await writer.idle();
    else await saveLast();
    const checkpoint = folder.checkpointPath(server.step);
    if (signal.aborted && !folder.lost.aborted)
      report({ event: 'stopped', step: server.step, runDir: folder.directory, checkpoint });
    throw error;
  }
  await saveLast();
  return {
    event: 'done',
    steps: server.step,
    epochs: Math.floor(server.step / workload.stepsPerEpoch),
    ...(await finalModel(run, folder, signal)),
    examplesPerSecond: meter.examplesPerSecond,
    seconds: (clock.now() - startedAt) / 1000,
    worldSize: plan.source.worldSize,
    runDir: folder.directory,
  };
}

/** What the run ends with: under early stopping the best epoch's parameters, else the last ones. */
async function finalModel(run: TrainingRun, folder: RunFolder, signal: AbortSignal) {
  const { server, progress, stopRule } = run;
  const { last, best } = progress;
  if (stopRule.earlyStopping !== undefined && best && best.step !== server.step) {
    const checkpoint = folder.checkpointPath(best.step);
    const { parameters } = await loadCheckpoint(checkpoint);
    return {
      trainLoss: best.trainLoss,
      testAccuracy: best.testAccuracy,
      parametersSha256: parametersSha256(parameters),
      checkpoint,
    };
  }
  const isEvaluated = last?.step === server.step;
  return {
    trainLoss: isEvaluated ? last.trainLoss : trainingMeans(progress).trainLoss,
    testAccuracy: isEvaluated ? last.testAccuracy : (await evaluate(run, 'test', signal)).accuracy,
    parametersSha256: parametersSha256(server.parameters),
    checkpoint: folder.checkpointPath(server.step),
  };
}

function checkpointOf({ config, server, progress, stopRule }: RunPlan): Checkpoint {
  const { step, parameters, optimizer } = server;
  return { config, step, progress, stopRule, parameters, optimizerState: optimizer.state };
}

function startEvent(plan: RunPlan, folder: RunFolder): StartEvent {
  const { config, workload, loaded, server, stopRule, found } = plan;
  return {
    event: 'start',
    runDir: folder.directory,
    resumedFrom: found?.file ?? null,
    model: describeModel(config.model),
    numerics: config.numerics,
    tile: describeEngine(config.numerics).tile,
    parameterCount: workload.parameterCount,
    dataset: config.dataset.name,
    trainingExamples: loaded.dataset.train.count - config.validationCount,
    validationExamples: config.validationCount,
    testExamples: loaded.dataset.test.count,
    globalBatch: config.globalBatch,
    microBatchCount: config.microBatchCount,
    stepsPerEpoch: workload.stepsPerEpoch,
    epochs: stopRule.epochs,
    step: server.step,
  };
}
