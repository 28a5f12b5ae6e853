import { describe, expect, test } from 'vitest';
import { fusedMultiplyAdd } from '../../../../../shared/engine/naive/fused-multiply-add.ts';

const f32 = Math.fround;

const MULTIPLY_ADD = {
  strict: (a: number, b: number, sum: number) => f32(sum + f32(a * b)),
  fused: fusedMultiplyAdd,
};

describe('a fused multiply-add', () => {
  test('rounds once', () => {
    const a = f32(1 + 2 ** -12);
    // a² = 1 + 2⁻¹¹ + 2⁻²⁴. An f32 keeps only the first two terms.
    expect(fusedMultiplyAdd(a, a, -f32(a * a))).toBe(2 ** -24);
    expect(MULTIPLY_ADD.strict(a, a, -f32(a * a))).toBe(0);
  });

  test('is exact if f64 rounds to a tie, and keeps infinity, NaN and -0', () => {
    // The f64 sum rounds to a tie between two f32 values, which loses the last bit.
    expect(fusedMultiplyAdd(f32(1 + 2 ** -23), 2 ** -24, 1)).toBe(f32(1 + 2 ** -23));
    expect(fusedMultiplyAdd(2 ** 100, 2 ** 100, 0)).toBe(Infinity);
    expect(fusedMultiplyAdd(Infinity, 1, -Infinity)).toBeNaN();
    expect(fusedMultiplyAdd(-1, 0, -0)).toBe(-0);
    expect(fusedMultiplyAdd(2 ** -126, 0.5, 2 ** -149)).toBe(2 ** -127 + 2 ** -149);
  });
});
