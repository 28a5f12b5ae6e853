import { mkdir } from 'node:fs/promises';
import { LockstepError, reasonOf } from '../../shared/errors.ts';

/** Makes the folder of `--out`, before anything is measured for it. Throws a `FILE` error if that cannot be. */
export async function makeReportFolder(out: string): Promise<void> {
  try {
    await mkdir(out, { recursive: true });
  } catch (error) {
    throw new LockstepError('FILE', `--out ${out} cannot be made a folder: ${reasonOf(error)}.`);
  }
}
