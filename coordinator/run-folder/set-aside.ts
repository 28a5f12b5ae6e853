import { copyFile, link, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { makeFolder } from '../../shared/host/atomic-file.ts';
import { readDescription, writeDescription } from './run-description.ts';
import {
  CHECKPOINT_FOLDER,
  checkpointNames,
  DONE_FILE,
  EPOCHS_FILE,
  EVENTS_FILE,
  listFolder,
  METRICS_FILE,
  makeUnusedFolder,
  paddedStep,
  SET_ASIDE_FOLDER,
  stepOfName,
  timestamp,
} from './run-files.ts';
import { copyLines, countOthers, type LineTest, numberIn } from './run-records.ts';
import { moveVerificationAfter } from './verification.ts';

/** The state from which a run goes on. */
export interface StandingPoint {
  /** The number of updates. */
  readonly step: number;
  /** The number of epochs that have been evaluated. */
  readonly epochs: number;
  /** The number of updates at the end of the best epoch. */
  readonly bestStep?: number | undefined;
  /** Whether the run has ended there, so that the record of its end still holds. */
  readonly isOver: boolean;
}

/**
 * Moves what lies after a state of a run into a folder of its own: checkpoints, records, and how
 * the run ended. Nothing is deleted. If there are checkpoints, that folder is the folder of a run
 * which began in this state, and can be evaluated, verified and resumed. Returns a line for people;
 * undefined if there was nothing. Throws a `FILE` error, before anything is changed, if a record
 * cannot be read.
 *
 * The order is such that a crash in the middle leaves a run that can be resumed: no checkpoint may
 * be left without the records before it.
 */
export async function setAside(
  directory: string,
  { step, epochs, isOver, bestStep }: StandingPoint,
): Promise<string | undefined> {
  const logs = [
    { name: EPOCHS_FILE, isKept: (line: string) => numberIn(line, 'epoch') <= epochs },
    { name: METRICS_FILE, isKept: (line: string) => numberIn(line, 'step') < step },
    // An event has the number of updates at its time.
    { name: EVENTS_FILE, isKept: (line: string) => numberIn(line, 'step') <= step },
  ];
  const counts = [];
  for (const { name, isKept } of logs)
    counts.push(await countOthers(join(directory, name), isKept));
  const [, recordCount, eventCount] = counts;
  const later = (await checkpointNames(directory)).filter((name) => stepOfName(name) > step);
  const isNothingLater = later.length === 0 && counts.every((count) => count === 0);
  const isDone = (await listFolder(directory)).includes(DONE_FILE);
  if (isNothingLater && (isOver || !isDone)) return undefined;

  const all = join(directory, SET_ASIDE_FOLDER);
  await makeFolder(all);
  const aside = await makeUnusedFolder(join(all, `after-step-${paddedStep(step)}_${timestamp()}`));
  const description = await readDescription(directory);
  if (description) await writeDescription(aside, { ...description, firstStep: step });
  if (later.length > 0 || isDone) await linkCheckpoints(directory, aside, [step, bestStep]);
  if (isDone) await rename(join(directory, DONE_FILE), join(aside, DONE_FILE));
  await moveVerificationAfter(step, directory, aside);
  for (const name of later) {
    const path = join(CHECKPOINT_FOLDER, name);
    await rename(join(directory, path), join(aside, path));
  }
  for (const [index, { name, isKept }] of logs.entries())
    if (counts[index] > 0) await splitLines(join(directory, name), join(aside, name), isKept);
  const parts = [
    recordCount > 0 ? [`${recordCount} records`] : [],
    later.length > 0 ? [`${later.length} checkpoints`] : [],
    eventCount > 0 ? [`${eventCount} events`] : [],
    isDone ? ['how the run ended'] : [],
  ].flat();
  return `set aside what lies after step ${step}, in ${aside}: ${parts.join(', ')}`;
}

/** Shares checkpoints, if they are there, with a new folder. */
async function linkCheckpoints(
  directory: string,
  to: string,
  steps: readonly (number | undefined)[],
): Promise<void> {
  const names = await checkpointNames(directory);
  await makeFolder(join(to, CHECKPOINT_FOLDER));
  for (const name of names.filter((one) => steps.includes(stepOfName(one)))) {
    const path = join(CHECKPOINT_FOLDER, name);
    const [from, copy] = [join(directory, path), join(to, path)];
    // Not every file system has links.
    await link(from, copy).catch(() => copyFile(from, copy));
  }
}

/** Leaves the lines that are kept in the file, and moves the others to a new one. */
async function splitLines(path: string, others: string, isKept: LineTest): Promise<void> {
  await copyLines(path, others, (line) => !isKept(line));
  const kept = `${others}.kept`;
  await copyLines(path, kept, isKept);
  await rename(kept, path);
}
