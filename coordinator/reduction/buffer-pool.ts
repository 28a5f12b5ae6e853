import { assert } from '../../shared/assert.ts';

/** Keeps unused vectors by length, so that a step does not allocate any. */
export interface BufferPool {
  /** A vector of this length. Its contents are arbitrary. */
  acquire(length: number): Float32Array;
  /** Takes a vector back. No one may use it until it is acquired again. */
  release(vector: Float32Array): void;
}

/** Calls `allocate` when no unused vector has the length. `allocate` returns a vector of zeros. */
export function createBufferPool(allocate: (length: number) => Float32Array): BufferPool {
  const free = new Map<number, Float32Array[]>();
  return {
    acquire: (length) => free.get(length)?.pop() ?? allocate(length),
    release(vector) {
      const others = free.get(vector.length);
      assert(!others?.includes(vector), 'a vector is released once');
      if (others) others.push(vector);
      else free.set(vector.length, [vector]);
    },
  };
}
