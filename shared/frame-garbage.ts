import v8 from 'node:v8';
import vm from 'node:vm';

/** How much memory outside V8's heap may become garbage before somebody looks for it. */
export const GARBAGE_BYTES_MAX = 128 * 2 ** 20;
const CHECK_MS = 250;

const bufferBytes = (): number => process.memoryUsage().arrayBuffers;

/**
 * From now on has V8 look for garbage whenever frames may have left too much of it. A frame that is under way during two
 * collections of the young generation is old; V8 itself, which marks nothing in the background here (see `v8-flags.ts`),
 * would free it only after gigabytes of others.
 */
export function limitFrameGarbage(): void {
  v8.setFlagsFromString('--expose-gc');
  const collect: () => void = vm.runInNewContext('gc');
  let leastBytes = bufferBytes();
  const check = () => {
    const bytes = bufferBytes();
    // What a collection frees is counted out only later, by another thread: so the least since then is what is in use.
    leastBytes = Math.min(leastBytes, bytes);
    if (bytes <= leastBytes + GARBAGE_BYTES_MAX) return;
    collect();
    leastBytes = bufferBytes();
  };
  setInterval(check, CHECK_MS).unref();
}
