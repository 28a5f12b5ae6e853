import { readFileSync, statSync } from 'node:fs';
import { MODULE_ENDING } from '../shared/host/module-ending.ts';

/*
 * A worker's code in one file.
 *
 * The problem. Node takes about as long to find and link the 230 modules of a worker as the worker
 * takes for everything else until it is ready. Where workers are killed and started again, that
 * time is missing for training.
 *
 * The rule. `build.ts` puts these modules into one file, and notes size and time of each of them.
 * Whoever starts workers uses the file only as long as every module still is what was noted.
 * Otherwise workers begin as the command does. The result is the same, and the start takes longer.
 */

const ROOT = new URL('../', import.meta.url);
export const BUILT_WORKER = 'worker/built/worker.js';
/** For each module, by its path: see `sourceStamp`. */
export const BUILT_FROM = 'worker/built/sources.json';

/** A text that changes with a file: its size and the time of its last change. */
export function sourceStamp(file: URL): string {
  const { size, mtimeMs } = statSync(file);
  return `${size} ${mtimeMs}`;
}

/** The module that a worker's process runs. `root` is the folder of the project. */
export function workerModule(root = ROOT): URL {
  return new URL(isCurrent(root) ? BUILT_WORKER : `cli${MODULE_ENDING}`, root);
}

function isCurrent(root: URL): boolean {
  try {
    statSync(new URL(BUILT_WORKER, root));
    const noted = JSON.parse(readFileSync(new URL(BUILT_FROM, root), 'utf8'));
    const entries = Object.entries(noted);
    return (
      entries.length > 0 &&
      entries.every(([path, stamp]) => sourceStamp(new URL(path, root)) === stamp)
    );
  } catch {
    // Nothing is built, or a module is not there anymore.
    return false;
  }
}
