import { join } from 'node:path';
import * as z from 'zod';
import { LockstepError, reasonOf, systemCode } from '../../shared/errors.ts';
import { writeFileAtomically } from '../../shared/host/atomic-file.ts';
import { readTextFile } from '../../shared/host/read-file.ts';
import { RunConfig } from '../../shared/round/run-config.ts';
import { describeIssue } from '../../shared/validation.ts';
import { StopRule } from '../training/progress.ts';
import { RegressionErrors } from '../training/quality.ts';
import { CONFIG_FILE, DONE_FILE, writeError } from './run-files.ts';

/** A configuration may name 65,536 classes, each in a line of its own. */
const JSON_BYTES_MAX = 2 ** 22;

/** The content of `config.json`: what the run computes, when it ends, and where its data were. */
export const RunDescription = z.strictObject({
  config: RunConfig,
  stopRule: StopRule,
  /** The absolute path of the folder with the dataset, if the user gave one. */
  dataDir: z.string().optional(),
  /**
   * The number of updates at the first record. Above 0 if the run went on from a checkpoint alone,
   * without the records that led to it.
   */
  firstStep: z.int().nonnegative().default(0),
});
export type RunDescription = z.infer<typeof RunDescription>;

/** The content of `done.json`: how the run ended. */
export const DoneRecord = z.strictObject({
  /** The number of updates. */
  steps: z.int().nonnegative(),
  /** The number of whole epochs. */
  epochs: z.int().nonnegative(),
  /** The step of the checkpoint that is the run's model. */
  modelStep: z.int().nonnegative(),
  /** Whether early stopping has ended the run. */
  isStoppedEarly: z.boolean(),
  trainLoss: z.number(),
  /** Null if the target is a number: then there are errors. */
  testAccuracy: z.number().min(0).max(1).nullable(),
  testErrors: RegressionErrors.optional(),
  parametersSha256: z.string(),
  /** The time in training, over all parts of the run. */
  totalSeconds: z.number().nonnegative(),
});
export type DoneRecord = z.infer<typeof DoneRecord>;

/** Throws a `FILE` error. */
export async function writeDescription(directory: string, value: RunDescription): Promise<void> {
  await writeJson(join(directory, CONFIG_FILE), value);
}

/** Throws a `FILE` error. */
export async function writeDone(directory: string, value: DoneRecord): Promise<void> {
  await writeJson(join(directory, DONE_FILE), value);
}

/** Undefined if the folder holds no run. Throws a `FILE` error if it cannot be read. */
export const readDescription = (directory: string): Promise<RunDescription | undefined> =>
  readJson(join(directory, CONFIG_FILE), RunDescription, 'the configuration of a run');

/** Undefined if the run has not ended. Throws a `FILE` error if it cannot be read. */
export const readDone = (directory: string): Promise<DoneRecord | undefined> =>
  readJson(join(directory, DONE_FILE), DoneRecord, 'the record of how a run ended');

async function writeJson(path: string, value: object): Promise<void> {
  await writeFileAtomically(path, `${JSON.stringify(value, null, 2)}\n`).catch((error: unknown) => {
    throw writeError(path, error);
  });
}

async function readJson<T>(
  path: string,
  schema: z.ZodType<T>,
  what: string,
): Promise<T | undefined> {
  let content: unknown;
  try {
    content = JSON.parse(await readTextFile(path, JSON_BYTES_MAX));
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return undefined;
    throw new LockstepError('FILE', `cannot read ${path}, ${what}: ${reasonOf(error)}.`);
  }
  const result = schema.safeParse(content);
  if (result.success) return result.data;
  throw new LockstepError(
    'FILE',
    `${path} is not ${what}: ${describeIssue(result.error, content)}.`,
  );
}
