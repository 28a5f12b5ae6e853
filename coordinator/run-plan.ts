import { resolve } from 'node:path';
import type { LoadedDataset } from '../shared/data/loading/load-dataset.ts';
import {
  coordinatorSources,
  loadDataset,
  readManifest,
} from '../shared/data/loading/load-dataset.ts';
import type { Engine } from '../shared/engine/engine.ts';
import { adoptedParameters } from '../shared/engine/model/initialization.ts';
import { LockstepError } from '../shared/errors.ts';
import {
  availableNumerics,
  engineNotice,
  openEngine,
  openSharedEngine,
} from '../shared/host/load-engine.ts';
import type { PartialSumComputer } from '../shared/round/partial-sum-computer.ts';
import type { RunConfig } from '../shared/round/run-config.ts';
import { createWorkload, type Workload } from '../shared/round/workload.ts';
import { createComputer } from '../shared/threads/start-threads.ts';
import { fittingNotice, modelFor } from './options/model-source.ts';
import {
  assertResumable,
  newRunConfig,
  normalizationNotice,
  stopRuleOf,
} from './options/new-run.ts';
import type { RunOptions } from './options/run-options.ts';
import type { Report } from './reporting/events.ts';
import { modelParametersOf, parametersSha256 } from './run-folder/checkpoint.ts';
import { assertNotDiverged } from './run-folder/divergence.ts';
import {
  type FoundCheckpoint,
  findCheckpoint,
  findModel,
  findNewest,
} from './run-folder/find-checkpoint.ts';
import { type RunDescription, readDescription } from './run-folder/run-description.ts';
import { createParameterServer, type ParameterServer } from './training/parameter-server.ts';
import { initialProgress, type Progress, type StopRule } from './training/progress.ts';

/** A run that has no folder and no workers yet. */
export interface RunPlan {
  /** The checkpoint that the run resumes from; undefined for a new run. */
  readonly found: FoundCheckpoint | undefined;
  /** The checkpoint whose weights a new run begins with; undefined if they are drawn. */
  readonly initial: FoundCheckpoint | undefined;
  /** The folder in which a run that has no checkpoint yet begins again. */
  readonly restartIn: string | undefined;
  readonly description: RunDescription;
  readonly config: RunConfig;
  readonly loaded: LoadedDataset;
  readonly engine: Engine;
  readonly workload: Workload;
  readonly computer: PartialSumComputer;
  readonly server: ParameterServer;
  readonly progress: Progress;
  readonly stopRule: StopRule;
  /** Training stops after this many steps in total, even within an epoch. */
  readonly stepsMax: number;
  /** The total number of updates, unless training stops early. */
  readonly stepCount: number;
}

/**
 * Makes a run from the user's options: finds the checkpoint, gets the dataset, plans the model, and
 * opens the engine. Throws `USAGE`, `DATA`, `MODEL`, `CHECKPOINT`, `ENGINE` and `MEMORY` errors.
 */
export async function planRun(
  options: RunOptions,
  report: Report,
  signal: AbortSignal,
): Promise<RunPlan> {
  const { found, initial, before, config: fixed, restartIn } = await originOf(options);
  for (const message of (found ?? initial)?.skipped ?? [])
    report({ event: 'notice', code: 'checkpoint', message });
  if (fixed) await assertResumable(options, fixed);

  const { dataDir = before?.dataDir } = options;
  const manifest =
    fixed?.dataset ??
    (options.dataDir === undefined ? initial?.checkpoint.config.dataset : undefined) ??
    (await readManifest(options.dataDir));
  const sources = coordinatorSources(options.dataDir, manifest, before?.dataDir);
  const loaded = await loadDataset(manifest, sources, { signal, report });
  const { config, parameters } = fixed
    ? { config: fixed, parameters: undefined }
    : await newConfig(options, loaded, initial, report);

  const { threads = 1, isShared = false } = options.engine ?? {};
  const engine = (threads > 1 || isShared ? openSharedEngine : openEngine)(config.numerics);
  const slowness = engineNotice(config.numerics);
  if (slowness) report({ event: 'notice', code: 'engine', message: slowness });
  const normalization = normalizationNotice(config);
  if (normalization) report({ event: 'notice', code: 'learning', message: normalization });
  const resumed = found?.checkpoint;
  const workload = createWorkload(config, loaded.dataset, resumed?.model);
  const stopRule = stopRuleOf(options, config, resumed?.stopRule ?? (fixed && before?.stopRule));
  if (resumed) assertGoesOn(options, resumed.step, workload.stepsPerEpoch);
  const stepsMax = options.steps ?? Number.POSITIVE_INFINITY;
  const stepCount = Math.min(stepsMax, stopRule.epochs * workload.stepsPerEpoch);
  const directory = found?.runDirectory ?? restartIn;
  if (directory !== undefined) await assertNotDiverged(directory, config, stepCount);
  const firstStep = (fixed && before?.firstStep) ?? resumed?.step ?? 0;
  const start = parameters && { step: 0, parameters, optimizerState: {} };
  return {
    found,
    initial,
    restartIn,
    description: {
      config,
      stopRule,
      firstStep,
      ...(dataDir !== undefined && { dataDir: resolve(dataDir) }),
    },
    config,
    loaded,
    engine,
    workload,
    computer: createComputer(engine, config, loaded.dataset, workload, threads),
    server: createParameterServer(engine, config, workload, resumed ?? start),
    progress: resumed ? { ...resumed.progress } : initialProgress(),
    stopRule,
    stepsMax,
    stepCount,
  };
}

/** Throws if a run is to end before the step that it has reached. */
function assertGoesOn({ epochs }: RunOptions, step: number, stepsPerEpoch: number): void {
  if (epochs === undefined || epochs * stepsPerEpoch >= step) return;
  throw new LockstepError(
    'USAGE',
    `--epochs ${epochs} is less than the ${Math.ceil(step / stepsPerEpoch)} epochs that this run ` +
      'has begun: give more to train on, or leave it out.',
  );
}

/** Where a run begins or goes on. */
interface Origin {
  /** The checkpoint that the run resumes from. */
  readonly found?: FoundCheckpoint | undefined;
  /** The checkpoint whose weights a new run begins with. */
  readonly initial?: FoundCheckpoint | undefined;
  /** What the folder of that checkpoint says about its run. */
  readonly before?: RunDescription | undefined;
  /** The configuration, which the run has already. */
  readonly config?: RunConfig | undefined;
  /** The folder in which a run without a checkpoint begins again. */
  readonly restartIn?: string | undefined;
}

async function originOf({ resume, resumeOrStart, initFrom, out }: RunOptions): Promise<Origin> {
  const found =
    resume === undefined
      ? resumeOrStart === undefined
        ? undefined
        : await findNewest(resumeOrStart)
      : await findIfAny(resume);
  if (found) return { found, before: await descriptionOf(found), config: found.checkpoint.config };
  if (resume !== undefined) {
    // Nothing is saved yet, but the folder says what the run computes.
    const before = await readDescription(resume);
    if (before?.config.initialParametersSha256 === undefined)
      return { before, config: before?.config, restartIn: out === undefined ? resume : undefined };
    throw new LockstepError(
      'CHECKPOINT',
      `the run ${resume} has no checkpoint, not even the one that it began with: ` +
        'begin it again with --init-from.',
    );
  }
  if (initFrom === undefined) return { restartIn: resumeOrStart };
  const initial = await findModel(initFrom);
  return { initial, before: await descriptionOf(initial), restartIn: resumeOrStart };
}

/** Like `findCheckpoint`, but undefined for the folder of a run without checkpoints. */
async function findIfAny(path: string): Promise<FoundCheckpoint | undefined> {
  const hasDescription = await readDescription(path).catch(() => undefined);
  return hasDescription ? findNewest(path) : findCheckpoint(path);
}

async function descriptionOf({ runDirectory }: FoundCheckpoint) {
  return runDirectory === undefined ? undefined : readDescription(runDirectory);
}

/** The configuration of a new run, and the parameters that it begins with, if they are given. */
async function newConfig(
  options: RunOptions,
  { dataset }: LoadedDataset,
  initial: FoundCheckpoint | undefined,
  report: Report,
): Promise<{ readonly config: RunConfig; readonly parameters: Float32Array | undefined }> {
  const model = await modelFor(options, dataset, initial?.checkpoint.model);
  const fitting = initial ? undefined : fittingNotice(options, dataset, model);
  if (fitting) report({ event: 'notice', code: 'data', message: fitting });
  const configWith = (sha256?: string) =>
    newRunConfig(options, dataset, model, availableNumerics(), sha256);
  const drawn = configWith();
  if (!initial) return { config: drawn, parameters: undefined };
  const { checkpoint, file } = initial;
  const given = { model: checkpoint.model, parameters: modelParametersOf(checkpoint) };
  const parameters = adoptedParameters(model, given, drawn.initialisation, drawn.seed);
  if (checkpoint.model.classCount !== model.classCount) {
    const message =
      `the model of ${file} has ${checkpoint.model.classCount} outputs, and ` +
      `${dataset.manifest.name} needs ${model.classCount}: ` +
      'its last layer begins with random weights';
    report({ event: 'notice', code: 'checkpoint', message });
  }
  return { config: configWith(parametersSha256(parameters)), parameters };
}
