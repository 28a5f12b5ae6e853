/** sum + a · b: rounded once in the fused profile, after the product too in the strict one. The build sets FUSED. */
// @ts-ignore: decorator
@inline
export function multiplyAdd(a: v128, b: v128, sum: v128): v128 {
  if (FUSED) return f32x4.relaxed_madd(a, b, sum);
  return f32x4.add(sum, f32x4.mul(a, b));
}

/** The value at p, in the first lane: how the last few values, too few for a vector, go through the same code. */
// @ts-ignore: decorator
@inline
export function loadOne(p: usize): v128 {
  return v128.load32_zero(p);
}

// @ts-ignore: decorator
@inline
export function storeOne(p: usize, x: v128): void {
  v128.store32_lane(p, x, 0);
}
