/**
 * sum + a · b. Fused numerics round once. Strict numerics round the product, and then the sum. The
 * build sets FUSED.
 */
// @ts-ignore: decorator
@inline
export function multiplyAdd(a: v128, b: v128, sum: v128): v128 {
  if (FUSED) return f32x4.relaxed_madd(a, b, sum);
  return f32x4.add(sum, f32x4.mul(a, b));
}

/**
 * Loads the value at p into the first lane. With this function, the last values, which do not fill
 * a vector, use the same code as vectors.
 */
// @ts-ignore: decorator
@inline
export function loadOne(p: usize): v128 {
  return v128.load32_zero(p);
}

/** Stores the first lane at p. */
// @ts-ignore: decorator
@inline
export function storeOne(p: usize, x: v128): void {
  v128.store32_lane(p, x, 0);
}
