import type { Engine } from '../engine.ts';

/** The size of a product that every tile divides and that fits into a core's caches. */
const [M, N, K] = [60, 48, 256];
const BATCHES = 3;
const REPETITIONS = 10;

/**
 * The speed of an engine's matrix product, in 10⁹ floating-point operations per second. It is the
 * best of a few batches of calls. `now` returns milliseconds.
 */
export function measureTile(engine: Engine, now: () => number): number {
  const [a, b, c] = [engine.allocate(M * K), engine.allocate(K * N), engine.allocate(M * N)];
  let best = Number.POSITIVE_INFINITY;
  for (let batch = 0; batch < BATCHES; batch++) {
    const startedAt = now();
    for (let i = 0; i < REPETITIONS; i++) engine.kernels.matmul(a, b, c, M, N, K);
    best = Math.min(best, now() - startedAt);
  }
  return (2 * M * N * K * REPETITIONS) / best / 1e6;
}
