import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { writeFileAtomically } from '../atomic-file.ts';
import { cacheDirectory } from '../cache-directory.ts';
import { systemCode } from '../errors.ts';

/** The cached content of that SHA-256, not verified; undefined if there is none. A file a content, named by it. */
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
