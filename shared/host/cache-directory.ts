import { homedir } from 'node:os';
import { join } from 'node:path';

/** The folder for data that can be fetched or computed again. XDG Base Directory Specification. */
export function cacheDirectory(): string {
  return join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'lockstep');
}

/**
 * The folder in which Node keeps compiled modules for later processes. A process that cannot use
 * this folder works without it.
 */
export function compileCacheDirectory(): string {
  return join(cacheDirectory(), 'compiled');
}
