import { LockstepError } from '../errors.ts';

const PAGE_BYTES = 65_536;
/** Cache lines, and the widest vectors, are as long. */
const ALIGNMENT = 64;
/** What a run reserves, and the least that it tries when the system refuses. */
export const ARENA_BYTES = 2 ** 30;
const ARENA_BYTES_MIN = 2 ** 26;

/** A WebAssembly memory from which buffers are taken, never to be given back: there is nothing to free in a step. */
export interface Arena {
  readonly memory: WebAssembly.Memory;
  floats(length: number): Float32Array;
  bytes(length: number): Uint8Array;
  words(length: number): Uint32Array;
}

/**
 * It never grows, because growing would detach all buffers; so it reserves much. Pages that nobody touches cost
 * nothing. `start`: bytes at the beginning that are taken already.
 */
export function createArena(start: number, byteCount: number): Arena {
  const memory = reserve(byteCount);
  const { byteLength } = memory.buffer;
  let end = start;
  const take = (byteCount: number): number => {
    const offset = Math.ceil(end / ALIGNMENT) * ALIGNMENT;
    if (offset + byteCount > byteLength) {
      throw new LockstepError(
        'MEMORY',
        `the model does not fit: ${megabytes(byteCount)} more on top of ${megabytes(end)} are beyond the ` +
          `${megabytes(byteLength)} of its arena. Lower --global-batch, raise --micro-batches, or use smaller layers.`,
      );
    }
    end = offset + byteCount;
    return offset;
  };
  return {
    memory,
    floats: (length) => new Float32Array(memory.buffer, take(4 * length), length),
    bytes: (length) => new Uint8Array(memory.buffer, take(length), length),
    words: (length) => new Uint32Array(memory.buffer, take(4 * length), length),
  };
}

/** As much as the system lets us reserve. */
function reserve(byteCount: number): WebAssembly.Memory {
  try {
    return new WebAssembly.Memory({ initial: byteCount / PAGE_BYTES });
  } catch (error) {
    if (byteCount <= ARENA_BYTES_MIN) {
      const message = `cannot reserve ${megabytes(byteCount)} of memory: close other programs, or raise the limit`;
      throw new LockstepError('MEMORY', message, { cause: error });
    }
    return reserve(byteCount / 2);
  }
}

const megabytes = (byteCount: number): string => `${Math.ceil(byteCount / 2 ** 20)} MiB`;
