import type { Engine } from './engine.ts';

/** A product that every tile divides, small enough for the first-level caches. */
const [M, N, K] = [60, 48, 256];
const BATCHES = 8;
const REPETITIONS = 10;

/** 10⁹ floating-point operations a second of an engine's matrix product: the best of a few batches of calls. */
export function measureTile(engine: Engine, now: () => number = () => performance.now()): number {
  const [a, b, c] = [engine.allocate(M * K), engine.allocate(K * N), engine.allocate(M * N)];
  let best = Number.POSITIVE_INFINITY;
  for (let batch = 0; batch < BATCHES; batch++) {
    const startedAt = now();
    for (let i = 0; i < REPETITIONS; i++) engine.kernels.matmul(a, b, c, M, N, K);
    best = Math.min(best, now() - startedAt);
  }
  return (2 * M * N * K * REPETITIONS) / best / 1e6;
}
