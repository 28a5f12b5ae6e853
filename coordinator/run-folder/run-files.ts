import { mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { LockstepError, reasonOf, systemCode } from '../../shared/errors.ts';

/*
 * The folder of a run:
 *
 *   config.json                             configuration, stop rule, where the data were
 *   metrics.jsonl                           one line per step
 *   epochs.jsonl                            one line per epoch
 *   events.jsonl                            what happened, and once a second the state of the run
 *   done.json                               how the run ended, and which checkpoint is its model
 *   verified.json                           what "lockstep verify" has found
 *   port.json                               the last coordinator's port and control token
 *   coordinator.lock                        exists while a coordinator writes to the folder
 *   checkpoints/step-00000430.safetensors   the newest three, the best epoch's, and the first one
 *                                           of a run that did not begin with random weights
 *   set-aside/after-step-00000430_…/        what a resume from that step has replaced
 */
export const CONFIG_FILE = 'config.json';
export const METRICS_FILE = 'metrics.jsonl';
export const EPOCHS_FILE = 'epochs.jsonl';
export const EVENTS_FILE = 'events.jsonl';
export const PORT_FILE = 'port.json';
export const DONE_FILE = 'done.json';
export const CHECKPOINT_FOLDER = 'checkpoints';
export const SET_ASIDE_FOLDER = 'set-aside';
const CHECKPOINT_NAME = /^step-(\d{8,})\.safetensors$/;

/** A step as file names have it, such as 00000430. */
export const paddedStep = (step: number): string => String(step).padStart(8, '0');

export const checkpointName = (step: number): string => `step-${paddedStep(step)}.safetensors`;

/** The step in the name of a checkpoint file; NaN for other names. */
export const stepOfName = (name: string): number => Number(CHECKPOINT_NAME.exec(name)?.[1]);

/** The names of all checkpoint files in a run's folder, newest first. */
export async function checkpointNames(directory: string): Promise<string[]> {
  return (await listFolder(join(directory, CHECKPOINT_FOLDER)))
    .filter((name) => CHECKPOINT_NAME.test(name))
    .sort((a, b) => stepOfName(b) - stepOfName(a));
}

/** The names in a folder; none if it does not exist. Throws a `FILE` error. */
export async function listFolder(path: string): Promise<string[]> {
  try {
    return await readdir(path);
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return [];
    throw new LockstepError('FILE', `cannot read the folder ${path}: ${reasonOf(error)}.`);
  }
}

/**
 * Makes a folder that did not exist before, and returns its path: `path`, or the first of
 * `path_2`, `path_3`, … that is free. Two processes never get the same folder. Rejects with the
 * system's error.
 */
export async function makeUnusedFolder(path: string): Promise<string> {
  for (let suffix = 1; ; suffix++) {
    const candidate = suffix === 1 ? path : `${path}_${suffix}`;
    try {
      await mkdir(candidate);
      return candidate;
    } catch (error) {
      if (systemCode(error) !== 'EEXIST') throw error;
    }
  }
}

/** The date and time (UTC), as names of folders have it: 2026-01-31_23-59-59. */
export const timestamp = (): string =>
  new Date().toISOString().slice(0, 19).replace('T', '_').replaceAll(':', '-');

const ADVICE: Readonly<Record<string, string>> = {
  ENOSPC: 'free some room on that disk',
  EDQUOT: 'free some room there, or ask for a larger quota',
  EFBIG: 'raise the limit of file sizes (ulimit -f)',
  EROFS: 'that file system is read-only, choose a folder on another one with --out',
  EACCES: 'give this user the right to write there, or choose another folder with --out',
  EPERM: 'give this user the right to write there, or choose another folder with --out',
  ENOTDIR: 'a file is in the way, choose another folder with --out',
};

/** A `FILE` error that says what cannot be written, why, and what to do. */
export function writeError(what: string, error: unknown): LockstepError {
  const advice = ADVICE[systemCode(error) ?? ''];
  const reason = advice === undefined ? reasonOf(error) : `${reasonOf(error)}: ${advice}`;
  return new LockstepError('FILE', `cannot write ${what}: ${reason}.`, { cause: error });
}
