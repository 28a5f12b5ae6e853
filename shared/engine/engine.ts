import type { Kernels, Numerics } from './kernels.ts';

/** Kernels and the memory that they work in. Kernels take only buffers of their own engine. */
export interface Engine {
  readonly numerics: Numerics;
  readonly kernels: Kernels;
  /**
   * A new buffer of `length` zeros. The buffer lives as long as the engine, so allocate buffers
   * once per run and use them again.
   */
  allocate(length: number): Float32Array;
  allocateBytes(length: number): Uint8Array;
  allocateWords(length: number): Uint32Array;
}
