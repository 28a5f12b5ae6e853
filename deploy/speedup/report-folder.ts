import { LockstepError, reasonOf } from '../../shared/errors.ts';
import { makeFolder } from '../../shared/host/atomic-file.ts';

/**
 * Creates the folder of `--out`. Call this before the measurement, so that a bad path fails early.
 * Throws a `FILE` error if the folder cannot be created.
 */
export async function makeReportFolder(out: string): Promise<void> {
  try {
    await makeFolder(out);
  } catch (error) {
    throw new LockstepError('FILE', `cannot create the folder --out ${out}: ${reasonOf(error)}.`);
  }
}
