const float = new Float64Array(1);
const bits = new BigUint64Array(float.buffer);

/**
 * a · b + c of f32 numbers, rounded once to f32: IEEE 754 fusedMultiplyAdd, which JavaScript does not have.
 *
 * The product is exact in f64. The sum is rounded to odd, so that rounding it a second time, to f32, cannot go wrong
 * (S. Boldo, G. Melquiond, "Emulation of a FMA and correctly rounded sums: proved algorithms using rounding to odd",
 * 2008). Slow; it is the definition that fast kernels are held against.
 */
export function fusedMultiplyAdd(a: number, b: number, c: number): number {
  const product = a * b;
  const sum = product + c;
  if (!Number.isFinite(sum)) return Math.fround(sum);
  // What rounding took away: D. Knuth, The Art of Computer Programming, volume 2, 4.2.2, theorem B.
  const rest = sum - product;
  const error = product - (sum - rest) + (c - rest);
  if (error === 0) return Math.fround(sum);
  float[0] = sum;
  if ((bits[0] & 1n) === 0n) bits[0] += sum > 0 === error > 0 ? 1n : -1n;
  return Math.fround(float[0]);
}
