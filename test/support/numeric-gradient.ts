import { expect } from 'vitest';
import type { Batch } from '../../shared/engine/layers/layer.ts';

const STEP = 2 ** -7;

/** The derivative of `f` by each value of `at`, by central differences. `f` must read `at`. */
export function numericGradient(at: Float32Array, f: () => number): number[] {
  return Array.from(at, (value, i) => {
    at[i] = value + STEP;
    const above = f();
    at[i] = value - STEP;
    const below = f();
    at[i] = value;
    return (above - below) / (2 * STEP);
  });
}

/**
 * Asserts that two gradients agree to about three digits. Central differences of f32 sums are not
 * more exact.
 */
export function expectGradient(actual: Iterable<number>, expected: readonly number[]): void {
  const scale = Math.max(...expected.map(Math.abs));
  for (const [i, value] of Array.from(actual).entries()) {
    expect(Math.abs(value - expected[i]), `${value} for ${expected[i]}`).toBeLessThan(
      5e-3 * scale + 1e-4,
    );
  }
}

export const ROWS = 5;
/** Two micro-batches, which hold examples 0 to 4 of epoch 3. */
export const BATCH: Batch = {
  leafSizes: Uint32Array.of(2, 3),
  rows: ROWS,
  training: { epoch: 3, examples: Uint32Array.from({ length: ROWS }, (_, i) => i) },
};
