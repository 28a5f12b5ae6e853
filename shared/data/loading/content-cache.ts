import { join } from 'node:path';
import { systemCode } from '../../errors.ts';
import { makeFolder, writeFileAtomically } from '../../host/atomic-file.ts';
import { cacheDirectory } from '../../host/cache-directory.ts';
import { readStamped, type StampedContent } from '../../host/read-file.ts';

/**
 * Reads the cached content with this SHA-256, without verifying it. Returns undefined if there is
 * none. The cache has one file per content. The file's name is the SHA-256.
 */
export async function readCached(
  sha256: string,
  bytesMax: number,
): Promise<StampedContent | undefined> {
  try {
    return await readStamped(join(cacheDirectory(), sha256), bytesMax);
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}

/** Puts a verified content into the cache, as a whole or not at all. */
export async function writeCached(sha256: string, content: Uint8Array): Promise<void> {
  await makeFolder(cacheDirectory());
  await writeFileAtomically(join(cacheDirectory(), sha256), content);
}
