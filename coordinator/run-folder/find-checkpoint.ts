import { stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { LockstepError, reasonOf } from '../../shared/errors.ts';
import { readRegularFile } from '../../shared/host/read-file.ts';
import { modelStepOf } from '../training/progress.ts';
import { type Checkpoint, decodeCheckpoint } from './checkpoint.ts';
import { readDescription, readDone } from './run-description.ts';
import { CHECKPOINT_FOLDER, checkpointName, checkpointNames, stepOfName } from './run-files.ts';

/** The parameters and the optimizer's state fit into the memory of an engine, which is 1 GiB. */
const CHECKPOINT_BYTES_MAX = 2 ** 30;

/** A checkpoint, with the place where it was found. */
export interface FoundCheckpoint {
  readonly checkpoint: Checkpoint;
  readonly file: string;
  /** The run's folder, if the file is in one. */
  readonly runDirectory: string | undefined;
  /** One line for each other file that should have been used, but cannot be. */
  readonly skipped: readonly string[];
}

/**
 * The checkpoint in a file, or the newest one in a run's folder that can be used: where the run
 * goes on. Throws a `CHECKPOINT` error if there is none.
 */
export async function findCheckpoint(path: string): Promise<FoundCheckpoint> {
  if (await isFile(path)) return foundIn(path);
  const found = await findNewest(path);
  if (found) return found;
  throw new LockstepError(
    'CHECKPOINT',
    (await readDescription(path))
      ? `the run ${path} has no checkpoint yet: begin it with --resume ${path}.`
      : `${path} holds no run and no checkpoints: give a run folder or a checkpoint file.`,
  );
}

/**
 * The newest checkpoint in a run's folder that can be used. Undefined if the folder has none or
 * does not exist. Throws a `CHECKPOINT` error if it has some, but none can be used.
 */
export async function findNewest(directory: string): Promise<FoundCheckpoint | undefined> {
  const skipped: string[] = [];
  for (const name of await checkpointNames(directory)) {
    const file = join(directory, CHECKPOINT_FOLDER, name);
    try {
      const checkpoint = await loadCheckpoint(file);
      return { checkpoint, file, runDirectory: directory, skipped };
    } catch (error) {
      skipped.push(`${reasonOf(error)} Trying the one before it.`);
    }
  }
  if (skipped.length === 0) return undefined;
  throw new LockstepError(
    'CHECKPOINT',
    `none of the checkpoints (${skipped.length}) of the run ${directory} can be used. ` +
      `${skipped[0].replace(/ Trying the one before it\.$/, '')} ` +
      `Move ${join(directory, CHECKPOINT_FOLDER)} away to begin this run again with --resume.`,
  );
}

/**
 * The model of a run: the checkpoint that the end of the run has named. Before the end, it is the
 * one that would be named if the run ended now. For a file, it is the checkpoint in that file.
 * With `step`, it is the checkpoint of that step. Throws a `CHECKPOINT` error.
 */
export async function findModel(path: string, step?: number): Promise<FoundCheckpoint> {
  if (await isFile(path)) {
    if (step === undefined) return foundIn(path);
    throw new LockstepError(
      'USAGE',
      `--checkpoint ${step} chooses from a run folder, but ${path} is a file: leave it out.`,
    );
  }
  if (step !== undefined) return findStep(path, step, `--checkpoint ${step}`);
  const done = await readDone(path);
  if (done) return findStep(path, done.modelStep, "the run's model");
  const newest = await findCheckpoint(path);
  const { checkpoint, skipped } = newest;
  const modelStep = modelStepOf(checkpoint);
  if (modelStep === checkpoint.step) return newest;
  try {
    return { ...(await findStep(path, modelStep, 'the best epoch')), skipped };
  } catch (error) {
    return { ...newest, skipped: [...skipped, `${reasonOf(error)} Using the newest one.`] };
  }
}

async function findStep(directory: string, step: number, what: string): Promise<FoundCheckpoint> {
  const names = await checkpointNames(directory);
  const name = names.find((one) => stepOfName(one) === step);
  if (name !== undefined) return foundIn(join(directory, CHECKPOINT_FOLDER, name));
  const steps = names.map(stepOfName).toReversed().join(', ');
  const others =
    names.length === 0
      ? 'There are none.'
      : `There are those of steps ${steps}: choose one with --checkpoint.`;
  throw new LockstepError(
    'CHECKPOINT',
    `${what}: the checkpoint ${join(directory, CHECKPOINT_FOLDER, checkpointName(step))} is not ` +
      `there. ${others}`,
  );
}

/** Reads a checkpoint file. Throws a `CHECKPOINT` error that names the file. */
export async function loadCheckpoint(file: string): Promise<Checkpoint> {
  try {
    return decodeCheckpoint(await readRegularFile(file, CHECKPOINT_BYTES_MAX));
  } catch (error) {
    throw new LockstepError('CHECKPOINT', `cannot use the checkpoint ${file}: ${reasonOf(error)}.`);
  }
}

async function foundIn(file: string): Promise<FoundCheckpoint> {
  const checkpoint = await loadCheckpoint(file);
  const directory = dirname(dirname(resolve(file)));
  const isInRun = await readDescription(directory).then(Boolean, () => false);
  return { checkpoint, file, runDirectory: isInRun ? directory : undefined, skipped: [] };
}

async function isFile(path: string): Promise<boolean> {
  const info = await stat(path).catch((error: unknown) => {
    throw new LockstepError(
      'CHECKPOINT',
      `cannot read the checkpoint ${path}: ${reasonOf(error)}.`,
    );
  });
  return info.isFile();
}
