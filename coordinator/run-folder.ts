import { closeSync, openSync, writeSync } from 'node:fs';
import { copyFile, mkdir, readdir, readFile, rm, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import * as z from 'zod';
import { writeFileAtomically } from '../shared/atomic-file.ts';
import { LockstepError, reasonOf, systemCode } from '../shared/errors.ts';
import { RunConfig } from '../shared/run-config.ts';
import { describeIssue } from '../shared/validation.ts';
import { type Checkpoint, decodeCheckpoint, encodeCheckpoint } from './checkpoint.ts';
import type { StepRecord } from './ledger.ts';
import type { StopRule } from './progress.ts';
import { lockRun, type RunLock } from './run-lock.ts';
import { dropRecordsFrom, readRecords } from './run-records.ts';

/*
 * A run's folder:
 *
 *   config.json                             what the run computes, and when it ends
 *   metrics.jsonl                           a line a step
 *   coordinator.lock                        there while a coordinator writes to it
 *   checkpoints/step-00000430.safetensors   the newest few, and the best epoch's
 */
const CONFIG_FILE = 'config.json';
const METRICS_FILE = 'metrics.jsonl';
const CHECKPOINT_FOLDER = 'checkpoints';
const CHECKPOINT_NAME = /^step-(\d{8,})\.safetensors$/;

/** How many of the newest checkpoints are kept, beside the best epoch's. */
const NEWEST_KEPT = 3;

export interface RunFolder {
  readonly directory: string;
  appendMetrics(metrics: StepRecord): void;
  /** Saves a checkpoint, then removes those no longer wanted. Resolves to the path of its file. */
  saveCheckpoint(checkpoint: Checkpoint): Promise<string>;
  /** Where the checkpoint of a step is, or was. */
  checkpointPath(step: number): string;
  /** Aborted when another coordinator has taken the folder over. */
  readonly lost: AbortSignal;
  close(): Promise<void>;
}

/** A checkpoint that was found, and where. */
export interface FoundCheckpoint {
  readonly checkpoint: Checkpoint;
  readonly file: string;
  /** The folder of the run that it belongs to, if it lies in one. */
  readonly runDirectory: string | undefined;
  /** A line for each newer file that could not be used. */
  readonly skipped: readonly string[];
}

/** A folder for a new run; by default a new one in `runs/`, named after the time. Throws a `FILE` error. */
export async function createRunFolder(
  out: string | undefined,
  config: RunConfig,
  stopRule: StopRule,
): Promise<RunFolder> {
  const directory = resolve(out ?? (await unusedDirectory()));
  if ((await listFolder(directory)).includes(CONFIG_FILE)) {
    throw new LockstepError(
      'FILE',
      `--out ${out} already holds a run: choose another folder, or continue that run with --resume ${out}.`,
    );
  }
  return openRunFolder(directory, config, stopRule);
}

/**
 * The folder of a run that may have been started there before but has no checkpoint yet: what is left of that start
 * gives way. Throws a `FILE` error.
 */
export function restartRunFolder(
  directory: string,
  config: RunConfig,
  stopRule: StopRule,
): Promise<RunFolder> {
  return openRunFolder(resolve(directory), config, stopRule);
}

/**
 * The folder in which a resumed run goes on: `out` or else the checkpoint's own. What was written there of later
 * steps, which will be computed again, is removed. Throws a `FILE` error.
 */
export async function continueRunFolder(
  out: string | undefined,
  found: FoundCheckpoint,
  stopRule: StopRule = found.checkpoint.stopRule,
): Promise<RunFolder> {
  const { checkpoint, file, runDirectory } = found;
  if (out === undefined && runDirectory !== undefined)
    return openRunFolder(runDirectory, checkpoint.config, stopRule, checkpoint.step);
  const folder = await createRunFolder(out, checkpoint.config, stopRule);
  const best = checkpoint.progress.best;
  if (best) {
    // The best epoch's checkpoint is the model that early stopping ends with; it moves along if it is there.
    const name = basename(folder.checkpointPath(best.step));
    await copyFile(join(dirname(file), name), folder.checkpointPath(best.step)).catch(() => {});
  }
  return folder;
}

async function openRunFolder(
  directory: string,
  config: RunConfig,
  stopRule: StopRule,
  step = 0,
): Promise<RunFolder> {
  const checkpoints = join(directory, CHECKPOINT_FOLDER);
  let metrics: number;
  let lock: RunLock;
  try {
    await mkdir(checkpoints, { recursive: true });
    lock = await lockRun(directory);
    await removeTemporaryFiles(checkpoints);
    await dropRecordsFrom(join(directory, METRICS_FILE), step);
    await writeFileAtomically(
      join(directory, CONFIG_FILE),
      `${JSON.stringify({ config, stopRule }, null, 2)}\n`,
    );
    metrics = openSync(join(directory, METRICS_FILE), 'a');
  } catch (error) {
    if (error instanceof LockstepError) throw error;
    throw new LockstepError('FILE', `cannot write to the run folder ${directory}: ${reasonOf(error)}.`);
  }
  const checkpointPath = (step: number) =>
    join(checkpoints, `step-${String(step).padStart(8, '0')}.safetensors`);

  return {
    directory,
    checkpointPath,
    appendMetrics: (line) => writeSync(metrics, `${JSON.stringify(line)}\n`),
    async saveCheckpoint(checkpoint) {
      const path = checkpointPath(checkpoint.step);
      await writeFileAtomically(path, encodeCheckpoint(checkpoint)).catch((error: unknown) => {
        throw new LockstepError('FILE', `cannot write the checkpoint ${path}: ${reasonOf(error)}.`);
      });
      const kept = checkpoint.progress.best && basename(checkpointPath(checkpoint.progress.best.step));
      const older = (await checkpointNames(checkpoints)).slice(NEWEST_KEPT).filter((name) => name !== kept);
      for (const name of older) await rm(join(checkpoints, name), { force: true });
      return path;
    },
    lost: lock.lost,
    async close() {
      closeSync(metrics);
      await lock.release();
    },
  };
}

/**
 * The checkpoint in a file, or the newest usable one in a run's folder. A damaged one is passed over for the one
 * before. Throws a `CHECKPOINT` error if there is none.
 */
export async function findCheckpoint(path: string): Promise<FoundCheckpoint> {
  const info = await stat(path).catch((error: unknown) => {
    throw new LockstepError('CHECKPOINT', `cannot read the checkpoint ${path}: ${reasonOf(error)}.`);
  });
  if (info.isFile()) {
    const checkpoint = await loadCheckpoint(path);
    return { checkpoint, file: path, runDirectory: await runDirectoryOf(path), skipped: [] };
  }
  const folder = join(path, CHECKPOINT_FOLDER);
  const skipped: string[] = [];
  for (const name of await checkpointNames(folder)) {
    const file = join(folder, name);
    try {
      return { checkpoint: await loadCheckpoint(file), file, runDirectory: path, skipped };
    } catch (error) {
      skipped.push(`${reasonOf(error)} The one before it is used.`);
    }
  }
  const reason =
    skipped.length > 0 ? `no checkpoint of ${skipped.length} is whole` : `no checkpoints in ${folder}`;
  throw new LockstepError('CHECKPOINT', `cannot resume from ${path}: ${reason}.`);
}

/** All that a run's folder says of the run. Throws `FILE`, `CHECKPOINT` and `VERIFY` errors for what is damaged. */
export async function readRun(
  directory: string,
): Promise<{ config: RunConfig; records: StepRecord[]; checkpoints: Checkpoint[] }> {
  const path = join(directory, CONFIG_FILE);
  const config = await readConfig(path);
  const records = await readRecords(join(directory, METRICS_FILE));
  const folder = join(directory, CHECKPOINT_FOLDER);
  const names = (await checkpointNames(folder)).toReversed();
  const checkpoints = await Promise.all(names.map((name) => loadCheckpoint(join(folder, name))));
  return { config, records, checkpoints };
}

async function readConfig(path: string): Promise<RunConfig> {
  let content: unknown;
  try {
    content = JSON.parse(await readFile(path, 'utf8'));
  } catch (error) {
    throw new LockstepError('FILE', `cannot read the run ${path}: ${reasonOf(error)}.`);
  }
  const result = z.object({ config: RunConfig }).safeParse(content);
  if (result.success) return result.data.config;
  throw new LockstepError('FILE', `${path} is not a run's: ${describeIssue(result.error, content)}.`);
}

/** As {@link findCheckpoint}; undefined for a folder in which no run has saved one yet, or that is not there. */
export async function findCheckpointIfAny(directory: string): Promise<FoundCheckpoint | undefined> {
  const names = await checkpointNames(join(directory, CHECKPOINT_FOLDER));
  return names.length === 0 ? undefined : findCheckpoint(directory);
}

/** Reads one checkpoint. Throws a `CHECKPOINT` error that names the file. */
export async function loadCheckpoint(file: string): Promise<Checkpoint> {
  try {
    return decodeCheckpoint(await readFile(file));
  } catch (error) {
    throw new LockstepError('CHECKPOINT', `cannot use the checkpoint ${file}: ${reasonOf(error)}.`);
  }
}

async function runDirectoryOf(checkpointFile: string): Promise<string | undefined> {
  const directory = dirname(dirname(resolve(checkpointFile)));
  return (await listFolder(directory)).includes(CONFIG_FILE) ? directory : undefined;
}

/** Newest first. */
async function checkpointNames(folder: string): Promise<string[]> {
  const steps = (name: string) => Number(CHECKPOINT_NAME.exec(name)?.[1]);
  return (await listFolder(folder))
    .filter((name) => CHECKPOINT_NAME.test(name))
    .sort((a, b) => steps(b) - steps(a));
}

async function listFolder(path: string): Promise<string[]> {
  try {
    return await readdir(path);
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return [];
    throw new LockstepError('FILE', `cannot read the folder ${path}: ${reasonOf(error)}.`);
  }
}

async function unusedDirectory(): Promise<string> {
  const base = join('runs', new Date().toISOString().slice(0, 19).replace('T', '_').replaceAll(':', '-'));
  for (let suffix = 1; ; suffix++) {
    const directory = suffix === 1 ? base : `${base}_${suffix}`;
    if (!(await stat(directory).catch(() => undefined))) return directory;
  }
}

/** Left behind by a process that was killed while it wrote. */
async function removeTemporaryFiles(folder: string): Promise<void> {
  for (const name of await listFolder(folder)) if (name.endsWith('.tmp')) await rm(join(folder, name));
}
