import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { LockstepError, reasonOf } from '../shared/errors.ts';
import { quoteArgument, shortPath } from '../shared/host/command-line.ts';
import { createAppending } from './appending.ts';
import { createLearningWatch, type LearningWatch, type TrainQuality } from './learning-watch.ts';
import type { DoneEvent, Report } from './reporting/events.ts';
import type { ProgressMeter } from './reporting/progress-meter.ts';
import type { PrometheusMetrics } from './reporting/prometheus.ts';
import type { SentAndReceived, StepTimings } from './reporting/step-timings.ts';
import type { Trace } from './reporting/trace.ts';
import type { RunDashboard } from './run-dashboard.ts';
import { type Checkpoint, modelParametersOf, parametersSha256 } from './run-folder/checkpoint.ts';
import { type CheckpointWriter, createCheckpointWriter } from './run-folder/checkpoint-writer.ts';
import { noteDivergence } from './run-folder/divergence.ts';
import { loadCheckpoint } from './run-folder/find-checkpoint.ts';
import type { DoneRecord } from './run-folder/run-description.ts';
import { EPOCHS_FILE } from './run-folder/run-files.ts';
import type { RunFolder } from './run-folder/run-folder.ts';
import { readRecords } from './run-folder/run-records.ts';
import { EpochRecord, modelStepOf } from './training/progress.ts';
import {
  evaluate,
  isOver,
  isStoppedEarly,
  type TrainingRun,
  train,
  trainingMeans,
} from './training/train.ts';

/** The places that training's records, measurements and events go to. */
export interface TrainingSinks {
  readonly folder: RunFolder;
  /** The time in training of the earlier parts of the run. */
  readonly secondsBefore: number;
  /** The command that goes on with this run, for people. */
  readonly resumeCommand: string;
  readonly meter: ProgressMeter;
  readonly timings: StepTimings;
  readonly trace: Trace | undefined;
  readonly dashboard: Pick<RunDashboard, 'record' | 'recordEvaluation'>;
  readonly prometheus: PrometheusMetrics | undefined;
  /** The bytes that the cluster has sent and received so far. */
  readonly traffic: () => SentAndReceived;
  readonly report: Report;
  /** See `CheckpointWriterOptions`. */
  readonly checkpointSchedule: { readonly everySteps: number; readonly everyMs: number };
}

/**
 * Waits until `gather` resolves, trains, records each step, and saves checkpoints. When `signal` is
 * aborted or training fails, saves the state after the last whole step and rejects with the reason.
 * If training diverged or another coordinator has taken over the folder, that state is not saved.
 */
export async function trainAndSave(
  run: Omit<TrainingRun, 'onStep' | 'onEpoch'>,
  sinks: TrainingSinks,
  gather: (signal: AbortSignal) => Promise<void>,
  signal: AbortSignal,
): Promise<DoneEvent> {
  const { server, workload, clock, source, config } = run;
  const { folder, meter, secondsBefore } = sinks;
  const wasOver = isOver(run);
  let startedAt = clock.now();
  const seconds = () => (clock.now() - startedAt) / 1000;
  const save = () =>
    folder.saveCheckpoint({ ...checkpointOf(run), seconds: secondsBefore + seconds() });
  const writer = createWriter(run, sinks, save);
  const watch = createLearningWatch(run, sinks.report, await epochsIn(folder));
  let whole: TrainingRun;
  // Weights that another run has trained cannot be drawn again.
  if (config.initialParametersSha256 !== undefined && server.step === 0) await save();
  try {
    await gather(signal);
    startedAt = clock.now();
    whole = { ...run, ...createRecorder(run, sinks, writer, watch) };
    await train(whole, signal);
  } catch (error) {
    const isDiverged = error instanceof LockstepError && error.code === 'DIVERGED';
    if (isDiverged) {
      await writer.idle();
      await noteDivergence(folder.directory, { step: server.step, message: error.message, config });
      throw await withAdvice(error, run, folder);
    }
    if (folder.lost.aborted) {
      await writer.idle();
      throw error;
    }
    await saveLast(run, sinks, writer, save);
    if (signal.aborted) {
      const checkpoint = folder.checkpointPath(server.step);
      const { directory: runDir } = folder;
      sinks.report({ event: 'stopped', step: server.step, runDir, checkpoint });
    }
    throw error;
  }
  await saveLast(run, sinks, writer, save);
  await watch.finish(trainQualityOf(whole));
  const model = await finalModel(whole, sinks, signal);
  const done: DoneRecord = {
    steps: server.step,
    epochs: Math.floor(server.step / workload.stepsPerEpoch),
    isStoppedEarly: isStoppedEarly(whole),
    ...model,
    totalSeconds: secondsBefore + (wasOver ? 0 : seconds()),
  };
  await folder.saveDone(done).catch((error: unknown) => {
    sinks.report({ event: 'notice', code: 'checkpoint', message: reasonOf(error) });
  });
  return {
    event: 'done',
    ...done,
    examplesPerSecond: meter.examplesPerSecond,
    seconds: seconds(),
    worldSize: source.worldSize,
    runDir: folder.directory,
    checkpoint: folder.checkpointPath(model.modelStep),
  };
}

/** The epochs before a resume. Only advice needs them, and a run goes on without it. */
const epochsIn = ({ directory }: RunFolder): Promise<EpochRecord[]> =>
  readRecords(join(directory, EPOCHS_FILE), EpochRecord).catch(() => []);

type RunState = Pick<
  TrainingRun,
  'config' | 'workload' | 'server' | 'progress' | 'stopRule' | 'clock'
>;

function createWriter(
  run: RunState,
  { report, checkpointSchedule }: TrainingSinks,
  save: () => Promise<string>,
): CheckpointWriter {
  return createCheckpointWriter({
    clock: run.clock,
    ...checkpointSchedule,
    save,
    onSaved: (step, file) => report({ event: 'checkpoint', step, file }),
    onFailure(step, error) {
      const message =
        `the checkpoint of step ${step} is not saved, training continues and tries again: ` +
        reasonOf(error);
      report({ event: 'notice', code: 'checkpoint', message });
    },
  });
}

/** The callbacks that record each step and each epoch. */
function createRecorder(
  { server, workload, clock }: RunState,
  { folder, meter, timings, trace, dashboard, prometheus, traffic, report }: TrainingSinks,
  writer: CheckpointWriter,
  watch: LearningWatch,
): Pick<TrainingRun, 'onStep' | 'onEvaluation' | 'onEpoch'> {
  let epochStartedAt = clock.now();
  const appendMetrics = createAppending(folder.appendMetrics, 'the records of steps', report);
  const appendEpoch = createAppending(folder.appendEpoch, 'the records of epochs', report);
  return {
    async onStep(metrics, times) {
      appendMetrics(metrics);
      const timing = timings.record(metrics, times, traffic());
      trace?.record(timing);
      dashboard.record(metrics, times);
      prometheus?.recordStep(metrics, times);
      const progress = meter.record(metrics);
      if (progress) report(progress);
      const isEpochEnd = server.step % workload.stepsPerEpoch === 0;
      if (!isEpochEnd) writer.stepDone(server.step);
    },
    onEvaluation: dashboard.recordEvaluation,
    async onEpoch(result) {
      const epoch = { ...result, seconds: (clock.now() - epochStartedAt) / 1000 };
      appendEpoch(epoch);
      report({ event: 'epoch', ...epoch });
      watch.observe(result);
      await writer.begin(server.step);
      epochStartedAt = clock.now();
    },
  };
}

function trainQualityOf(run: TrainingRun): TrainQuality {
  const { progress } = run;
  return progress.exampleCount > 0 ? trainingMeans(run) : (progress.last ?? {});
}

/** Adds to the error of a diverged run from which weights a new run can begin. */
async function withAdvice(
  error: LockstepError,
  { progress }: RunState,
  folder: RunFolder,
): Promise<LockstepError> {
  // The newest checkpoint may be nearly diverged itself.
  const isThere = (step: number) => access(folder.checkpointPath(step)).then(() => true);
  const best = progress.best?.step;
  const hasBest = best !== undefined && (await isThere(best).catch(() => false));
  const step = hasBest ? best : await folder.newestStep().catch(() => undefined);
  if (step === undefined) return error;
  const flag = `--init-from ${quoteArgument(shortPath(folder.checkpointPath(step)))}`;
  return new LockstepError(
    error.code,
    `${error.message} A new run can begin with the weights of step ${step}: ${flag}`,
    { cause: error },
  );
}

/**
 * Saves the current state, unless it is saved already. Rejects if this last checkpoint fails, with
 * an error that says what is saved.
 */
async function saveLast(
  run: RunState,
  { folder, report, resumeCommand }: TrainingSinks,
  writer: CheckpointWriter,
  save: () => Promise<string>,
): Promise<void> {
  const { step } = run.server;
  await writer.idle();
  if (writer.savedStep === step) return;
  try {
    report({ event: 'checkpoint', step, file: await save() });
  } catch (error) {
    const newest = await folder.newestStep().catch(() => undefined);
    const kept =
      newest === undefined
        ? 'There is no checkpoint yet.'
        : `The checkpoint of step ${newest} is kept.`;
    const message = `${reasonOf(error)} ${kept} Then continue with: ${resumeCommand}`;
    throw new LockstepError('FILE', message, { cause: error });
  }
}

/**
 * The part of the `done` event that describes the final parameters. With early stopping these are
 * the best epoch's, if its checkpoint can be used. Otherwise they are the last ones.
 */
async function finalModel(
  run: TrainingRun,
  { folder, report }: TrainingSinks,
  signal: AbortSignal,
): Promise<
  Pick<DoneRecord, 'modelStep' | 'trainLoss' | 'testAccuracy' | 'testErrors' | 'parametersSha256'>
> {
  const { server, progress, stopRule } = run;
  const { step } = server;
  const { last, best } = progress;
  const modelStep = modelStepOf({ step, progress, stopRule });
  if (best && modelStep !== step) {
    try {
      const saved = await loadCheckpoint(folder.checkpointPath(modelStep));
      return {
        modelStep,
        trainLoss: best.trainLoss,
        testAccuracy: best.testAccuracy,
        ...(best.testErrors && { testErrors: best.testErrors }),
        parametersSha256: parametersSha256(modelParametersOf(saved)),
      };
    } catch (error) {
      const message = `the run ends with its last model instead of the best: ${reasonOf(error)}`;
      report({ event: 'notice', code: 'checkpoint', message });
    }
  }
  const isEvaluated = last?.step === step;
  const { accuracy, errors } = isEvaluated
    ? { accuracy: last.testAccuracy, errors: last.testErrors }
    : await evaluate(run, 'test', signal);
  return {
    modelStep: step,
    trainLoss: isEvaluated ? last.trainLoss : trainingMeans(run).trainLoss,
    testAccuracy: accuracy,
    ...(errors && { testErrors: errors }),
    parametersSha256: parametersSha256(modelParametersOf(server)),
  };
}

function checkpointOf({
  config,
  workload,
  server,
  progress,
  stopRule,
}: RunState): Omit<Checkpoint, 'seconds'> {
  const { step, parameters, averages, optimizer } = server;
  return {
    config,
    model: workload.model,
    step,
    progress,
    stopRule,
    parameters,
    averages,
    optimizerState: optimizer.state,
  };
}
