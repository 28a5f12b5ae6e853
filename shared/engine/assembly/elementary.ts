/** The functions of `../elementary.ts`, operation by operation, on four values at once. */

// @ts-ignore: decorator
@inline
export function exp(x: v128): v128 {
  const n = f32x4.floor(f32x4.add(f32x4.mul(f32x4.splat(1.44269504089), x), f32x4.splat(0.5)));
  const r = f32x4.sub(
    f32x4.sub(x, f32x4.mul(n, f32x4.splat(0.693359375))),
    f32x4.mul(n, f32x4.splat(-2.1219444e-4)),
  );
  let y = f32x4.splat(1.98756915e-4);
  y = horner(y, r, 1.3981999507e-3);
  y = horner(y, r, 8.3334519073e-3);
  y = horner(y, r, 4.1665795894e-2);
  y = horner(y, r, 1.6666665459e-1);
  y = horner(y, r, 5.0000001201e-1);
  y = f32x4.add(f32x4.add(f32x4.mul(y, f32x4.mul(r, r)), r), f32x4.splat(1));
  const exponent = i32x4.trunc_sat_f32x4_s(n);
  const half = i32x4.shr_s(exponent, 1);
  y = f32x4.mul(f32x4.mul(y, powerOfTwo(half)), powerOfTwo(i32x4.sub(exponent, half)));
  y = v128.bitselect(f32x4.splat(<f32>Infinity), y, f32x4.gt(x, f32x4.splat(88.72283)));
  return v128.andnot(y, f32x4.lt(x, f32x4.splat(-103.97208)));
}

/** y · x + term */
// @ts-ignore: decorator
@inline
function horner(y: v128, x: v128, term: f32): v128 {
  return f32x4.add(f32x4.mul(y, x), f32x4.splat(term));
}

// @ts-ignore: decorator
@inline
function powerOfTwo(n: v128): v128 {
  return i32x4.shl(i32x4.add(n, i32x4.splat(127)), 23);
}

// @ts-ignore: decorator
@inline
export function tanh(x: v128): v128 {
  const size = f32x4.abs(x);
  const square = f32x4.mul(x, x);
  let small = f32x4.splat(-5.70498872745e-3);
  small = horner(small, square, 2.06390887954e-2);
  small = horner(small, square, -5.37397155531e-2);
  small = horner(small, square, 1.33314422036e-1);
  small = horner(small, square, -3.33332819422e-1);
  small = f32x4.add(f32x4.mul(f32x4.mul(small, square), x), x);
  const one = f32x4.splat(1);
  const power = exp(f32x4.add(size, size));
  const large = f32x4.sub(one, f32x4.div(f32x4.splat(2), f32x4.add(power, one)));
  const signed = v128.bitselect(f32x4.neg(large), large, f32x4.lt(x, f32x4.splat(0)));
  return v128.bitselect(small, signed, f32x4.lt(size, f32x4.splat(0.625)));
}

// @ts-ignore: decorator
@inline
export function sigmoid(x: v128): v128 {
  const one = f32x4.splat(1);
  return f32x4.div(one, f32x4.add(one, exp(f32x4.neg(x))));
}

export function log(x: f32): f32 {
  if (!(x > 0)) return x == 0 ? -Infinity : NaN;
  if (x == Infinity) return Infinity;
  const isSubnormal = x < reinterpret<f32>(0x00800000);
  const bits = reinterpret<i32>(isSubnormal ? x * 8388608.0 : x);
  let e: f32 = <f32>((bits >> 23) - 126 - (isSubnormal ? 23 : 0));
  let m = reinterpret<f32>((bits & 0x007fffff) | 0x3f000000);
  if (m < <f32>0.70710678118654752440) {
    e -= 1;
    m += m;
  }
  m -= 1;
  const square = m * m;
  let y: f32 = 7.0376836292e-2;
  y = y * m + <f32>-1.151461031e-1;
  y = y * m + <f32>1.167699874e-1;
  y = y * m + <f32>-1.2420140846e-1;
  y = y * m + <f32>1.4249322787e-1;
  y = y * m + <f32>-1.6668057665e-1;
  y = y * m + <f32>2.0000714765e-1;
  y = y * m + <f32>-2.4999993993e-1;
  y = y * m + <f32>3.3333331174e-1;
  y = y * m * square;
  y += e * <f32>-2.1219444e-4;
  y -= <f32>0.5 * square;
  return m + y + e * <f32>0.693359375;
}
