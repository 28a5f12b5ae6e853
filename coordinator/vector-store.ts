/** Keeps vectors that are not in use, by length, so that a step allocates none. */
export interface VectorStore {
  /** A vector of that length; its contents are whatever they were. */
  acquire(length: number): Float32Array;
  /** Takes a vector back; nobody else may hold it any more. */
  release(vector: Float32Array): void;
}

/** `allocate` makes a vector of zeros. */
export function createVectorStore(allocate: (length: number) => Float32Array): VectorStore {
  const free = new Map<number, Float32Array[]>();
  return {
    acquire: (length) => free.get(length)?.pop() ?? allocate(length),
    release(vector) {
      const others = free.get(vector.length);
      if (others) others.push(vector);
      else free.set(vector.length, [vector]);
    },
  };
}
