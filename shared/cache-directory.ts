import { homedir } from 'node:os';
import { join } from 'node:path';

/** Where things are kept that can be had again. XDG Base Directory Specification. */
export function cacheDirectory(): string {
  return join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'lockstep');
}

/** Where Node keeps modules as it compiled them, for later processes. A process that finds it shut starts as before. */
export function compileCacheDirectory(): string {
  return join(cacheDirectory(), 'compiled');
}
