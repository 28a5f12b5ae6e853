const float = new Float64Array(1);
const bits = new BigUint64Array(float.buffer);

/**
 * a · b + c of f32 numbers, rounded once to f32. This is the fusedMultiplyAdd of IEEE 754, which
 * JavaScript does not have.
 *
 * The product is exact in f64. The sum is rounded to odd, so the second rounding, to f32, gives the
 * correct result (S. Boldo, G. Melquiond, "Emulation of a FMA and correctly rounded sums: proved
 * algorithms using rounding to odd", 2008). This function is slow. It is the definition that the
 * fast kernels are compared with.
 */
export function fusedMultiplyAdd(a: number, b: number, c: number): number {
  const product = a * b;
  const sum = product + c;
  if (!Number.isFinite(sum)) return Math.fround(sum);
  // The rounding error of the sum: D. Knuth, The Art of Computer Programming, volume 2, 4.2.2,
  // theorem B.
  const rest = sum - product;
  const error = product - (sum - rest) + (c - rest);
  if (error === 0) return Math.fround(sum);
  float[0] = sum;
  if ((bits[0] & 1n) === 0n) bits[0] += sum > 0 === error > 0 ? 1n : -1n;
  return Math.fround(float[0]);
}
