import { constants, open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import * as z from 'zod';
import { writeFileAtomically } from '../../shared/host/atomic-file.ts';
import { PORT_FILE } from './run-files.ts';

/*
 * Where the coordinator of a run listens, and the token of who may control it, for the coordinator
 * that goes on with the run. So a page that is open finds the run again, with the same rights.
 *
 * The file has a secret, so it is its user's alone. A file that others may read, or that somebody
 * else has written, is not used: a copied folder brings no token along.
 */

const PortRecord = z.strictObject({
  port: z.int().min(1).max(65_535),
  /** Absent unless the run has made one. */
  controlToken: z.string().min(16).max(100).optional(),
});
export type PortRecord = z.infer<typeof PortRecord>;

const BYTES_MAX = 1000;
const OWNER_ONLY = 0o600;
const OTHERS = 0o077;

/** Rejects with the system's error. */
export const writePortRecord = (directory: string, record: PortRecord): Promise<void> =>
  writeFileAtomically(join(directory, PORT_FILE), `${JSON.stringify(record)}\n`, OWNER_ONLY);

export const removePortRecord = (directory: string): Promise<void> =>
  rm(join(directory, PORT_FILE), { force: true });

/** Undefined if there is none that can be trusted. */
export async function readPortRecord(directory: string): Promise<PortRecord | undefined> {
  // Without O_NONBLOCK, opening a named pipe waits for its writer.
  const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
  const file = await open(join(directory, PORT_FILE), flags).catch(() => undefined);
  if (!file) return undefined;
  try {
    const info = await file.stat();
    const { uid, mode, size } = info;
    const isOwn = info.isFile() && uid === process.getuid?.() && (mode & OTHERS) === 0;
    if (!isOwn || size > BYTES_MAX) return undefined;
    return PortRecord.parse(JSON.parse(await file.readFile('utf8')));
  } catch {
    return undefined;
  } finally {
    await file.close();
  }
}
