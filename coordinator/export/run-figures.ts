import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { formatQuantity } from '../../shared/cli/format.ts';
import { isRegression } from '../../shared/data/target.ts';
import { LockstepError } from '../../shared/errors.ts';
import { readDescription, readDone } from '../run-folder/run-description.ts';
import { EPOCHS_FILE, METRICS_FILE } from '../run-folder/run-files.ts';
import { linesOf, readRecords, recordsOf } from '../run-folder/run-records.ts';
import { StepRecord } from '../training/ledger.ts';
import { EpochRecord } from '../training/progress.ts';
import type { Exported } from './export-format.ts';

/** The recorded figures of a run, which may still be training. */
export interface RunFigures {
  /** Whether the target is a number, so that there are errors and no accuracy. */
  readonly isRegression: boolean;
  readonly epochs: readonly EpochRecord[];
  /** The records of all steps up to now. They are read anew for each caller, one at a time. */
  steps(): AsyncGenerator<StepRecord>;
  /** When the last record was written, in ms since 1970. */
  readonly lastWriteMs: number;
  /** Whether the run has ended. */
  readonly isDone: boolean;
}

/** Throws a `FILE` error if a folder holds no run, or one that has not recorded a step. */
export async function openFigures(directory: string): Promise<RunFigures> {
  const isFile = await stat(directory).then(
    (info) => !info.isDirectory(),
    () => false,
  );
  const description = isFile ? undefined : await readDescription(directory);
  if (!description) {
    const what = isFile ? 'is a file' : 'holds no run';
    throw new LockstepError('FILE', `${directory} ${what}: give the folder of a run.`);
  }
  // In this order, so that a run that goes on meanwhile has the steps of all epochs.
  const isDone = (await readDone(directory)) !== undefined;
  const epochs = await readRecords(join(directory, EPOCHS_FILE), EpochRecord);
  const metrics = join(directory, METRICS_FILE);
  if (!(await hasLine(metrics))) {
    throw new LockstepError(
      'FILE',
      `the run ${directory} has no records yet: try again when it has trained a step.`,
    );
  }
  return {
    isRegression: isRegression(description.config.dataset),
    epochs,
    steps: () => recordsOf(metrics, StepRecord),
    lastWriteMs: Math.max(
      (await stat(metrics)).mtimeMs,
      epochs.length > 0 ? (await stat(join(directory, EPOCHS_FILE))).mtimeMs : 0,
    ),
    isDone,
  };
}

/** Null if the step took no time that the clock could measure. */
export function examplesPerSecond({ examples, milliseconds }: StepRecord): number | null {
  return milliseconds > 0 ? (examples / milliseconds) * 1000 : null;
}

/** What was exported of a run's figures, for scripts and for people. */
export function describeFigures(
  { steps, epochs }: { readonly steps: number; readonly epochs: number },
  isDone: boolean,
): Pick<Exported, 'facts' | 'summary'> {
  const counts = `${formatQuantity(steps, 'step')} and ${formatQuantity(epochs, 'epoch')}`;
  const soFar = isDone ? '' : ' so far: the run has not ended';
  return { facts: { steps, epochs, isDone }, summary: `Wrote ${counts}${soFar}` };
}

/** Whether a file of records has a whole one. */
async function hasLine(path: string): Promise<boolean> {
  for await (const { isWhole } of linesOf(path)) return isWhole;
  return false;
}
