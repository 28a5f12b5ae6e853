import { randomBytes } from 'node:crypto';
import { mkdir, open, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { systemCode } from '../errors.ts';

/**
 * Writes a file atomically. At any moment, and after any crash, the file has either all of the old
 * content or all of the new content. The new content goes to a temporary file in the same folder.
 * This file is synced and renamed, and then the folder is synced. `mode`: who may read and write
 * it, less what the user's mask takes away. Rejects with the system's error.
 */
export async function writeFileAtomically(
  path: string,
  content: Uint8Array | string,
  mode = 0o666,
): Promise<void> {
  const temporary = join(dirname(path), `.${basename(path)}.${randomBytes(6).toString('hex')}.tmp`);
  try {
    const file = await open(temporary, 'wx', mode);
    try {
      await file.writeFile(content);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
  await syncFolder(dirname(path));
}

/**
 * Syncs a folder, so that a rename in it survives a power cut. Some systems cannot open a folder.
 * There the rename has to suffice.
 */
async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r').catch(() => undefined);
  await folder?.sync().catch(() => {});
  await folder?.close();
}

/**
 * Makes a folder, and those above it, unless they exist. Rejects with the system's error. (With
 * `recursive`, Node's `mkdir` says ENOENT where a folder is read-only or forbidden.)
 */
export async function makeFolder(path: string): Promise<void> {
  try {
    await mkdir(path);
  } catch (error) {
    const isThere = await stat(path).then(
      (info) => info.isDirectory(),
      () => false,
    );
    if (isThere) return;
    if (systemCode(error) !== 'ENOENT' || dirname(path) === path) throw error;
    await makeFolder(dirname(path));
    await mkdir(path);
  }
}
