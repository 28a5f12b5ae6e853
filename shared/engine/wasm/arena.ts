import { LockstepError } from '../../errors.ts';

const PAGE_BYTES = 65_536;
/** The length of a cache line and of the widest vectors, in bytes. */
const ALIGNMENT = 64;
/** The memory that a run reserves, and the least that it tries if the system refuses. */
export const ARENA_BYTES = 2 ** 30;
const ARENA_BYTES_MIN = 2 ** 26;

/**
 * A WebAssembly memory from which buffers are taken. They are never given back, because a step has
 * nothing to free. Throws a `MEMORY` error if a buffer does not fit.
 */
export interface Arena {
  readonly memory: WebAssembly.Memory;
  floats(length: number): Float32Array;
  bytes(length: number): Uint8Array;
  words(length: number): Uint32Array;
}

/** The module keeps its own data in the first page. */
export const ARENA_START = PAGE_BYTES;

/**
 * Creates an arena of one thread: the first `byteCount` bytes of `memory`, which must be 0, or a
 * new memory. Throws a `MEMORY` error if the system refuses it.
 */
export function createArena(
  byteCount: number,
  memory: WebAssembly.Memory = reserveMemory(byteCount),
): Arena {
  let end = ARENA_START;
  const advance = (count: number): number => {
    const start = end;
    end += count;
    return start;
  };
  return arenaIn(memory, advance, Math.min(byteCount, memory.buffer.byteLength));
}

/** What all threads of an engine share: less than 4 GiB, so that no address overflows. */
export const SHARED_BYTES = 2 ** 32 - PAGE_BYTES;

/** The word of a shared memory that says where its free part begins, in units of a cache line. */
const END_WORD = 16;

/** Reserves a memory that threads share. Throws a `MEMORY` error if the system refuses it. */
export function createSharedMemory(byteCount: number): WebAssembly.Memory {
  const memory = reserveMemory(byteCount, true);
  new Uint32Array(memory.buffer)[END_WORD] = ARENA_START / ALIGNMENT;
  return memory;
}

/**
 * The arena of a shared memory. Each thread may take buffers from it, at any time. With `blocks`,
 * it notes there what it takes, and takes first what is noted there: a thread that follows one that
 * has ended gets the same memory.
 */
export function openSharedArena(memory: WebAssembly.Memory, blocks?: Uint32Array): Arena {
  const words = new Uint32Array(memory.buffer);
  const advance = (byteCount: number) =>
    ALIGNMENT * Atomics.add(words, END_WORD, byteCount / ALIGNMENT);
  return arenaIn(memory, blocks ? reusing(memory, blocks, advance) : advance);
}

/** The length of a list of blocks, which has room for 511. */
export const BLOCKS_WORDS = 1024;

/*
 * A list of blocks: their number, a free word, and then for each block where it begins and how long
 * it is, both in units of a cache line. A block that finds no room in the list is lost when its
 * thread ends.
 */
function reusing(
  { buffer }: WebAssembly.Memory,
  blocks: Uint32Array,
  advance: (byteCount: number) => number,
): (byteCount: number) => number {
  const unused = Array.from({ length: blocks[0] }, (_, index) => 2 + 2 * index);
  return (byteCount) => {
    const length = byteCount / ALIGNMENT;
    const found = unused.findIndex((at) => blocks[at + 1] === length);
    if (found >= 0) {
      const [at] = unused.splice(found, 1);
      const start = ALIGNMENT * blocks[at];
      new Uint8Array(buffer, start, byteCount).fill(0);
      return start;
    }
    const start = advance(byteCount);
    const at = 2 + 2 * blocks[0];
    if (at < blocks.length) {
      blocks.set([start / ALIGNMENT, length], at);
      blocks[0]++;
    }
    return start;
  };
}

/** `advance` takes so many bytes, a multiple of the alignment, and returns where they begin. */
function arenaIn(
  memory: WebAssembly.Memory,
  advance: (byteCount: number) => number,
  limit: number = memory.buffer.byteLength,
): Arena {
  const { buffer } = memory;
  const take = (byteCount: number): number => {
    const start = advance(ALIGNMENT * Math.ceil(byteCount / ALIGNMENT));
    if (start + byteCount <= limit) return start;
    throw new LockstepError(
      'MEMORY',
      `the model does not fit into memory: it needs ${megabytes(byteCount)} in addition to ` +
        `the ${megabytes(start)} in use, but the limit is ${megabytes(limit)}. ` +
        'Lower --global-batch, raise --micro-batches, or use smaller layers.',
    );
  };
  return {
    memory,
    floats: (length) => new Float32Array(buffer, take(4 * length), length),
    bytes: (length) => new Uint8Array(buffer, take(length), length),
    words: (length) => new Uint32Array(buffer, take(4 * length), length),
  };
}

/**
 * Reserves `byteCount` bytes, or as many as the system allows. It is much, because an arena never
 * grows: growing would detach all buffers. Pages that are never touched cost nothing, but an
 * address space of 8 GiB or more, so that the processor itself notices an index out of range.
 */
export function reserveMemory(
  byteCount: number = ARENA_BYTES,
  isShared = false,
): WebAssembly.Memory {
  const pages = Math.floor(byteCount / PAGE_BYTES);
  try {
    return new WebAssembly.Memory({
      initial: pages,
      ...(isShared && { maximum: pages, shared: true }),
    });
  } catch (error) {
    if (byteCount <= ARENA_BYTES_MIN) {
      const message =
        `the system refuses ${megabytes(byteCount)} of memory: close other programs, and if ` +
        '"ulimit -v" prints a number, raise it to 32000000 or lift it: "ulimit -v unlimited"';
      throw new LockstepError('MEMORY', message, { cause: error });
    }
    return reserveMemory(byteCount / 2, isShared);
  }
}

const megabytes = (byteCount: number): string => `${Math.ceil(byteCount / 2 ** 20)} MiB`;
