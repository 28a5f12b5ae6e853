import v8 from 'node:v8';
import vm from 'node:vm';

/** How much memory outside V8's heap may become garbage before somebody looks for it. */
const GARBAGE_BYTES_MAX = 128 * 2 ** 20;
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
  let bytesMax = bufferBytes() + GARBAGE_BYTES_MAX;
  const check = () => {
    if (bufferBytes() <= bytesMax) return;
    collect();
    bytesMax = bufferBytes() + GARBAGE_BYTES_MAX;
  };
  setInterval(check, CHECK_MS).unref();
}
