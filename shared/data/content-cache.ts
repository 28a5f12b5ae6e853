import { mkdir, readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { writeFileAtomically } from '../atomic-file.ts';
import { systemCode } from '../errors.ts';

/** Where a user's fetched data is kept: a file a content, named by its SHA-256. XDG Base Directory Specification. */
export function cacheDirectory(): string {
  return join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'lockstep');
}

/** The cached content of that digest, not verified; undefined if there is none. */
export async function readCached(sha256: string): Promise<Uint8Array | undefined> {
  try {
    return await readFile(join(cacheDirectory(), sha256));
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}

/** Puts a verified content into the cache; never half of it. */
export async function writeCached(sha256: string, content: Uint8Array): Promise<void> {
  await mkdir(cacheDirectory(), { recursive: true });
  await writeFileAtomically(join(cacheDirectory(), sha256), content);
}
