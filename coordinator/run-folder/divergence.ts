import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import * as z from 'zod';
import { LockstepError } from '../../shared/errors.ts';
import { writeFileAtomically } from '../../shared/host/atomic-file.ts';
import { readTextFile } from '../../shared/host/read-file.ts';
import { RunConfig } from '../../shared/round/run-config.ts';

/*
 * A step is a pure function. So a run that has diverged diverges again in the same step, however
 * often it is resumed: by a user, or by a system that restarts failed containers. Its folder says
 * so.
 */

const DIVERGENCE_FILE = 'diverged.json';

const Divergence = z.object({
  step: z.int().nonnegative(),
  message: z.string(),
  config: RunConfig,
});
export type Divergence = z.infer<typeof Divergence>;

/** Notes that a run has diverged in a step. Does nothing if the folder cannot be written. */
export async function noteDivergence(directory: string, divergence: Divergence): Promise<void> {
  const content = Buffer.from(`${JSON.stringify(divergence, null, 2)}\n`);
  await writeFileAtomically(join(directory, DIVERGENCE_FILE), content).catch(() => {});
}

/** Throws a `DIVERGED` error if a run of this configuration has diverged before `stepCount`. */
export async function assertNotDiverged(
  directory: string,
  config: RunConfig,
  stepCount: number,
): Promise<void> {
  const path = join(directory, DIVERGENCE_FILE);
  const divergence = await readDivergence(path);
  if (!divergence || divergence.step >= stepCount) return;
  if (!isDeepStrictEqual(divergence.config, config)) return;
  throw new LockstepError(
    'DIVERGED',
    `this run has diverged before, and would again in the same step: ${divergence.message} ` +
      'Start a new run, perhaps with the weights of an earlier checkpoint (--init-from). ' +
      `(To try this one again, remove ${path}.)`,
  );
}

async function readDivergence(path: string): Promise<Divergence | undefined> {
  try {
    return Divergence.parse(JSON.parse(await readTextFile(path)));
  } catch {
    return undefined;
  }
}
