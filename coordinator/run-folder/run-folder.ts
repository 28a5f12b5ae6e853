import { writeSync } from 'node:fs';
import { copyFile, rm } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { LockstepError } from '../../shared/errors.ts';
import { makeFolder, writeFileAtomically } from '../../shared/host/atomic-file.ts';
import { quoteArgument } from '../../shared/host/command-line.ts';
import type { StepRecord } from '../training/ledger.ts';
import { type EpochRecord, modelStepOf } from '../training/progress.ts';
import { type Checkpoint, encodeCheckpoint } from './checkpoint.ts';
import type { FoundCheckpoint } from './find-checkpoint.ts';
import {
  type DoneRecord,
  type RunDescription,
  readDescription,
  readDone,
  writeDescription,
  writeDone,
} from './run-description.ts';
import {
  CHECKPOINT_FOLDER,
  checkpointName,
  checkpointNames,
  EPOCHS_FILE,
  EVENTS_FILE,
  listFolder,
  METRICS_FILE,
  makeUnusedFolder,
  stepOfName,
  timestamp,
  writeError,
} from './run-files.ts';
import { type LockContext, lockRun, type RunLock } from './run-lock.ts';
import { copyLines, numberIn, openRecordWriter } from './run-records.ts';
import { type StandingPoint, setAside } from './set-aside.ts';

/** The number of newest checkpoints that are kept, in addition to the best epoch's. */
const NEWEST_KEPT = 3;
/** The number of events that wait for room on the disk. One may have some kilobytes. */
const EVENTS_WAITING_MAX = 500;

/** How long the files of records were when the folder was opened: what an earlier run left. */
export interface PastBytes {
  readonly metrics: number;
  readonly epochs: number;
  readonly events: number;
}

export interface RunFolder {
  readonly directory: string;
  /** Adds a line to `metrics.jsonl`. Throws the system's error; the line is then added later. */
  appendMetrics(metrics: StepRecord): void;
  /** Adds a line to `epochs.jsonl`. Throws the system's error; the line is then added later. */
  appendEpoch(epoch: EpochRecord): void;
  /**
   * Adds a line to `events.jsonl`. Throws the system's error; the line is then added later. No
   * checkpoint waits until these lines are safe.
   */
  appendEvent(event: object): void;
  readonly pastBytes: PastBytes;
  /**
   * Saves a checkpoint, then removes old ones. Resolves to the path of its file. Throws a `FILE`
   * error.
   */
  saveCheckpoint(checkpoint: Checkpoint): Promise<string>;
  /** Records how the run ended. Throws a `FILE` error. */
  saveDone(done: DoneRecord): Promise<void>;
  /** The path for the checkpoint of a step, whether the file exists or not. */
  checkpointPath(step: number): string;
  /** Aborted when another coordinator has taken over the folder. */
  readonly lost: AbortSignal;
  /** The step of the newest checkpoint on disk. */
  newestStep(): Promise<number | undefined>;
  close(): Promise<void>;
}

const BEGINNING: StandingPoint = { step: 0, epochs: 0, isOver: false };

/**
 * Opens the folder of a new run. By default it is made in `runs/` and named after the time. A
 * folder whose run was broken off before its first checkpoint may be used again. Throws a `FILE`
 * error, also if `out` holds a run with a checkpoint.
 */
export async function createRunFolder(
  out: string | undefined,
  description: RunDescription,
  context: LockContext,
  fill?: (directory: string) => Promise<void>,
): Promise<RunFolder> {
  const directory = out === undefined ? await makeDefaultFolder() : resolve(out);
  const check = () => assertUnused(directory);
  // Once before the lock, because it may belong to a run that is being trained.
  await check();
  return openRunFolder(directory, description, BEGINNING, context, { check, fill });
}

/**
 * Opens the folder of a run that has no checkpoint yet. The records of an earlier start are set
 * aside. Throws a `FILE` error.
 */
export function restartRunFolder(
  directory: string,
  description: RunDescription,
  context: LockContext,
): Promise<RunFolder> {
  return openRunFolder(resolve(directory), description, BEGINNING, context);
}

/**
 * Opens the folder in which a resumed run continues: `out`, or by default the checkpoint's own.
 * There, what lies after the checkpoint is set aside. A new folder gets the records up to the
 * checkpoint, if they are known. `isOver`: nothing is left to train. Throws a `FILE` error.
 */
export async function continueRunFolder(
  out: string | undefined,
  found: FoundCheckpoint,
  description: RunDescription,
  isOver: boolean,
  context: LockContext,
): Promise<RunFolder> {
  const { checkpoint, runDirectory } = found;
  const { last, best } = checkpoint.progress;
  const at = { step: checkpoint.step, epochs: last?.epoch ?? 0, bestStep: best?.step, isOver };
  const folder =
    out === undefined && runDirectory !== undefined
      ? await openRunFolder(resolve(runDirectory), description, at, context)
      : await createRunFolder(out, description, context, (to) =>
          copyRun(found, at, description.firstStep, to),
        );
  const modelStep = modelStepOf({ ...checkpoint, stopRule: description.stopRule });
  if (!(await checkpointNames(folder.directory)).includes(checkpointName(modelStep))) {
    context.say(
      `the best epoch so far ended with step ${modelStep}, but its checkpoint ` +
        `${folder.checkpointPath(modelStep)} is not there: unless a later epoch is better, ` +
        'the run ends with its last model',
    );
  }
  return folder;
}

/** Copies a run up to a checkpoint: the checkpoints that may be needed, and the records. */
async function copyRun(
  { checkpoint, file, runDirectory }: FoundCheckpoint,
  { step, epochs }: StandingPoint,
  firstStep: number,
  to: string,
): Promise<void> {
  // Records first: no checkpoint may be there without the records before it.
  for (const [name, key, end] of [
    [METRICS_FILE, 'step', step],
    [EPOCHS_FILE, 'epoch', epochs + 1],
    [EVENTS_FILE, 'step', step + 1],
  ] as const)
    if (runDirectory !== undefined)
      await copyLines(join(runDirectory, name), join(to, name), (l) => numberIn(l, key) < end);
  const copyCheckpoint = (of: string, one: number) =>
    copyFile(of, join(to, CHECKPOINT_FOLDER, checkpointName(one)));
  for (const one of new Set([firstStep, checkpoint.progress.best?.step ?? step]))
    await copyCheckpoint(join(dirname(file), checkpointName(one)), one).catch(() => {});
  await copyCheckpoint(file, step);
}

async function openRunFolder(
  directory: string,
  description: RunDescription,
  at: StandingPoint,
  context: LockContext,
  prepare: {
    readonly check?: () => Promise<void>;
    /** Called with the locked and otherwise empty folder. */
    readonly fill?: ((directory: string) => Promise<void>) | undefined;
  } = {},
): Promise<RunFolder> {
  const lock = await lockFolder(directory, context);
  try {
    await prepare.check?.();
    await removeTemporaryFiles(directory);
    const aside = await setAside(directory, at);
    if (aside !== undefined) context.say(aside);
    await prepare.fill?.(directory);
    await writeDescription(directory, description);
    return await openLocked(directory, description, lock);
  } catch (error) {
    await lock.release();
    if (error instanceof LockstepError) throw error;
    throw writeError(`to the run folder ${directory}`, error);
  }
}

async function lockFolder(directory: string, context: LockContext): Promise<RunLock> {
  try {
    await makeFolder(join(directory, CHECKPOINT_FOLDER));
    return await lockRun(directory, context);
  } catch (error) {
    if (error instanceof LockstepError || context.signal.aborted) throw error;
    throw writeError(`to the run folder ${directory}`, error);
  }
}

async function openLocked(
  directory: string,
  { firstStep }: RunDescription,
  lock: RunLock,
): Promise<RunFolder> {
  const write = (file: number, bytes: Uint8Array): number => {
    lock.assertFresh();
    return writeSync(file, bytes);
  };
  const metrics = openRecordWriter(join(directory, METRICS_FILE), write);
  const epochs = openRecordWriter(join(directory, EPOCHS_FILE), write);
  const events = openRecordWriter(join(directory, EVENTS_FILE), write, EVENTS_WAITING_MAX);
  const checkpointPath = (step: number) => join(directory, CHECKPOINT_FOLDER, checkpointName(step));
  return {
    directory,
    checkpointPath,
    appendMetrics: metrics.append,
    appendEpoch: epochs.append,
    appendEvent: events.append,
    pastBytes: {
      metrics: metrics.bytesBefore,
      epochs: epochs.bytesBefore,
      events: events.bytesBefore,
    },
    async saveCheckpoint(checkpoint) {
      const path = checkpointPath(checkpoint.step);
      // Before the first await: then training goes on and changes the parameters.
      const content = encodeCheckpoint(checkpoint);
      const kept = [checkpoint.progress.best?.step, firstStep];
      try {
        // After a power cut, no checkpoint may be there without the records before it.
        await Promise.all([lock.renew(), metrics.sync(), epochs.sync()]);
        await writeFileAtomically(path, content);
      } catch (error) {
        throw writeError(`the checkpoint ${path}`, error);
      }
      const older = (await checkpointNames(directory)).slice(NEWEST_KEPT);
      for (const name of older)
        if (!kept.includes(stepOfName(name)))
          await rm(join(directory, CHECKPOINT_FOLDER, name), { force: true });
      return path;
    },
    saveDone: (done) => writeDone(directory, done),
    lost: lock.lost,
    async newestStep() {
      const [newest] = await checkpointNames(directory);
      return newest === undefined ? undefined : stepOfName(newest);
    },
    async close() {
      metrics.close();
      epochs.close();
      events.close();
      await lock.release();
    },
  };
}

/** Throws a `FILE` error if a folder holds a run that has a checkpoint, or that has ended. */
async function assertUnused(directory: string): Promise<void> {
  const isUsed =
    (await checkpointNames(directory)).length > 0 ||
    ((await readDescription(directory)) && (await readDone(directory)));
  if (!isUsed) return;
  throw new LockstepError(
    'FILE',
    `--out ${directory} already holds a run: choose another folder, ` +
      `or continue that run with --resume ${quoteArgument(directory)}.`,
  );
}

/** Makes a folder in `runs/`, which no other process gets. */
async function makeDefaultFolder(): Promise<string> {
  const path = resolve('runs', timestamp());
  try {
    await makeFolder(dirname(path));
    return await makeUnusedFolder(path);
  } catch (error) {
    throw writeError(`to the run folder ${path}`, error);
  }
}

/** Removes files that a process left behind because it was killed while it wrote them. */
async function removeTemporaryFiles(directory: string): Promise<void> {
  for (const folder of [directory, join(directory, CHECKPOINT_FOLDER)])
    for (const name of await listFolder(folder))
      if (/^\..*\.tmp$/.test(name)) await rm(join(folder, name));
}
