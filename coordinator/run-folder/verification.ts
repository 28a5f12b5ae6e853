import { rename } from 'node:fs/promises';
import { join } from 'node:path';
import * as z from 'zod';
import { writeFileAtomically } from '../../shared/host/atomic-file.ts';
import { readTextFile } from '../../shared/host/read-file.ts';
import { writeError } from './run-files.ts';

const VERIFICATION_FILE = 'verified.json';

/**
 * The content of `verified.json`: what `lockstep verify` has found. It is about the run up to one
 * step. Whether the run has gone on since, its step and chain tell.
 */
export const Verification = z.object({
  /** When it ended, in ISO 8601. */
  time: z.string(),
  /** Whether the run matched its records. */
  isPassed: z.boolean(),
  /** Why not. */
  message: z.string().nullable(),
  /** The records that were checked, and the step of the first one. */
  steps: z.int().nonnegative(),
  firstStep: z.int().nonnegative(),
  /** The steps that were computed again, by one process. */
  recomputedSteps: z.int().nonnegative(),
  /** The chain after the last checked step; null if there was none. */
  chain: z.string().nullable(),
});
export type Verification = z.infer<typeof Verification>;

/** Replaces the record of an earlier verification. Throws a `FILE` error. */
export async function writeVerification(directory: string, value: Verification): Promise<void> {
  const path = join(directory, VERIFICATION_FILE);
  await writeFileAtomically(path, `${JSON.stringify(value, null, 2)}\n`).catch((error: unknown) => {
    throw writeError(path, error);
  });
}

/** Undefined if the run was not verified, or nobody can read what was found. */
export async function readVerification(directory: string): Promise<Verification | undefined> {
  try {
    return Verification.parse(JSON.parse(await readTextFile(join(directory, VERIFICATION_FILE))));
  } catch {
    return undefined;
  }
}

/** Moves a verification of more than `step` updates to another folder. */
export async function moveVerificationAfter(
  step: number,
  directory: string,
  to: string,
): Promise<void> {
  const found = await readVerification(directory);
  if (found && found.firstStep + found.steps > step)
    await rename(join(directory, VERIFICATION_FILE), join(to, VERIFICATION_FILE));
}
