import { join } from 'node:path';
import { LockstepError } from '../../shared/errors.ts';
import type { Checkpoint } from '../run-folder/checkpoint.ts';
import { loadCheckpoint } from '../run-folder/find-checkpoint.ts';
import {
  type DoneRecord,
  type RunDescription,
  readDescription,
  readDone,
} from '../run-folder/run-description.ts';
import {
  CHECKPOINT_FOLDER,
  checkpointNames,
  EPOCHS_FILE,
  METRICS_FILE,
  stepOfName,
} from '../run-folder/run-files.ts';
import { readRecords } from '../run-folder/run-records.ts';
import { StepRecord } from '../training/ledger.ts';
import { EpochRecord } from '../training/progress.ts';

/** Everything in the folder of a run. */
export interface RecordedRun {
  readonly description: RunDescription;
  readonly records: readonly StepRecord[];
  readonly epochs: readonly EpochRecord[];
  /** By ascending step. */
  readonly checkpoints: readonly Checkpoint[];
  /** Undefined if the run has not ended. */
  readonly done: DoneRecord | undefined;
}

/** Throws a `FILE`, `CHECKPOINT` or `VERIFY` error if a file is damaged. */
export async function readRun(directory: string): Promise<RecordedRun> {
  const description = await readDescription(directory);
  if (!description) {
    throw new LockstepError('FILE', `${directory} holds no run: give the folder of a run.`);
  }
  const checkpoints: Checkpoint[] = [];
  for (const name of (await checkpointNames(directory)).toReversed()) {
    const checkpoint = await loadCheckpoint(join(directory, CHECKPOINT_FOLDER, name));
    if (checkpoint.step !== stepOfName(name))
      fail(
        stepOfName(name),
        `the checkpoint ${name} holds the state after step ${checkpoint.step}`,
      );
    checkpoints.push(checkpoint);
  }
  // In this order, so that a run that goes on meanwhile has the records of all else.
  const epochs = await readRecords(join(directory, EPOCHS_FILE), EpochRecord);
  const records = await readRecords(join(directory, METRICS_FILE), StepRecord);
  return { description, records, epochs, checkpoints, done: await readDone(directory) };
}

/** The number of updates of a run that its records tell. */
export const lastStepOf = ({ description, records }: RecordedRun): number =>
  description.firstStep + records.length;

/** The checkpoint that the run began with; undefined if it began with drawn parameters. */
export const startOf = ({ description, checkpoints }: RecordedRun): Checkpoint | undefined =>
  checkpoints.find(({ step }) => step === description.firstStep);

/** Throws a `VERIFY` error that names a step. */
export function fail(step: number, what: string): never {
  throw new LockstepError('VERIFY', `step ${step}: ${what}.`);
}
