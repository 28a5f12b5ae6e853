import type { Kernels, Numerics } from './kernels.ts';
import { createNaiveKernels } from './naive-kernels.ts';

/** Kernels, and the memory that they work in: kernels take buffers of their own engine alone. */
export interface Engine {
  readonly numerics: Numerics;
  readonly kernels: Kernels;
  /** A buffer of zeros. It lives as long as the engine: allocate what a run needs once, and use it again. */
  allocate(length: number): Float32Array;
  allocateBytes(length: number): Uint8Array;
  allocateWords(length: number): Uint32Array;
}

/** The definition at work: right everywhere, fast nowhere. */
export function createNaiveEngine(numerics: Numerics): Engine {
  return {
    numerics,
    kernels: createNaiveKernels(numerics),
    allocate: (length) => new Float32Array(length),
    allocateBytes: (length) => new Uint8Array(length),
    allocateWords: (length) => new Uint32Array(length),
  };
}
