import type { Engine } from '../../shared/engine/engine.ts';

/** An engine that many histories use one after another, in the memory of one. */
export interface ReusableEngine extends Engine {
  /** Makes all buffers available again. The caller must not use them anymore. */
  reuse(): void;
}

/**
 * Wraps an engine to reuse its buffers. The arena of `engine` never takes a buffer back, so it
 * would be full after several histories.
 */
export function createReusableEngine(engine: Engine): ReusableEngine {
  const floats = createShelves(engine.allocate);
  const bytes = createShelves(engine.allocateBytes);
  const words = createShelves(engine.allocateWords);
  return {
    ...engine,
    allocate: floats.take,
    allocateBytes: bytes.take,
    allocateWords: words.take,
    reuse() {
      for (const shelves of [floats, bytes, words]) shelves.takeBackAll();
    },
  };
}

/** Keeps buffers by their lengths. */
function createShelves<Buffer extends Float32Array | Uint8Array | Uint32Array>(
  allocate: (length: number) => Buffer,
) {
  const shelves = new Map<number, { readonly buffers: Buffer[]; takenCount: number }>();
  return {
    /** Gives out a buffer of zeros. */
    take(length: number): Buffer {
      const shelf = shelves.get(length) ?? { buffers: [], takenCount: 0 };
      shelves.set(length, shelf);
      const buffer = shelf.buffers[shelf.takenCount] ?? allocate(length);
      shelf.buffers[shelf.takenCount++] = buffer;
      buffer.fill(0);
      return buffer;
    },
    takeBackAll(): void {
      for (const shelf of shelves.values()) shelf.takenCount = 0;
    },
  };
}
