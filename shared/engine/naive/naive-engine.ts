import type { Engine } from '../engine.ts';
import type { Numerics } from '../kernels.ts';
import { createNaiveKernels } from './naive-kernels.ts';

/** An engine with the plain kernels. It works on every machine, but it is slow. */
export function createNaiveEngine(numerics: Numerics): Engine {
  return {
    numerics,
    kernels: createNaiveKernels(numerics),
    allocate: (length) => new Float32Array(length),
    allocateBytes: (length) => new Uint8Array(length),
    allocateWords: (length) => new Uint32Array(length),
  };
}
