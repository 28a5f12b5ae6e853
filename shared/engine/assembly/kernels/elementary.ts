/** The functions of `../../elementary.ts`, with the same operations, on four values at once. */

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

// @ts-ignore: decorator
@inline
export function log(x: v128): v128 {
  const isSubnormal = f32x4.lt(x, f32x4.splat(reinterpret<f32>(0x00800000)));
  const scaled = v128.bitselect(f32x4.mul(x, f32x4.splat(8388608)), x, isSubnormal);
  const exponent = i32x4.sub(i32x4.shr_u(scaled, 23), i32x4.splat(126));
  let e = f32x4.convert_i32x4_s(i32x4.sub(exponent, v128.and(isSubnormal, i32x4.splat(23))));
  let m = v128.or(v128.and(scaled, i32x4.splat(0x007fffff)), i32x4.splat(0x3f000000));
  const isLow = f32x4.lt(m, f32x4.splat(<f32>0.70710678118654752440));
  e = f32x4.sub(e, v128.and(isLow, f32x4.splat(1)));
  m = f32x4.add(m, v128.and(isLow, m));
  m = f32x4.sub(m, f32x4.splat(1));
  const square = f32x4.mul(m, m);
  let y = f32x4.splat(7.0376836292e-2);
  y = horner(y, m, -1.151461031e-1);
  y = horner(y, m, 1.167699874e-1);
  y = horner(y, m, -1.2420140846e-1);
  y = horner(y, m, 1.4249322787e-1);
  y = horner(y, m, -1.6668057665e-1);
  y = horner(y, m, 2.0000714765e-1);
  y = horner(y, m, -2.4999993993e-1);
  y = horner(y, m, 3.3333331174e-1);
  y = f32x4.mul(f32x4.mul(y, m), square);
  y = f32x4.add(y, f32x4.mul(e, f32x4.splat(-2.1219444e-4)));
  y = f32x4.sub(y, f32x4.mul(f32x4.splat(0.5), square));
  y = f32x4.add(f32x4.add(m, y), f32x4.mul(e, f32x4.splat(0.693359375)));
  const infinity = f32x4.splat(<f32>Infinity);
  const zero = f32x4.splat(0);
  y = v128.bitselect(infinity, y, f32x4.eq(x, infinity));
  y = v128.bitselect(y, f32x4.splat(<f32>NaN), f32x4.gt(x, zero));
  return v128.bitselect(f32x4.neg(infinity), y, f32x4.eq(x, zero));
}

// @ts-ignore: decorator
@inline
export function softplus(x: v128): v128 {
  const one = f32x4.splat(1);
  const rest = log(f32x4.add(one, exp(f32x4.neg(f32x4.abs(x)))));
  return f32x4.add(v128.andnot(x, f32x4.lt(x, f32x4.splat(0))), rest);
}

const GELU_SCALE: f32 = 0.7978845608028654;
const GELU_CUBIC: f32 = 0.044715;

// @ts-ignore: decorator
@inline
export function gelu(x: v128): v128 {
  const half = f32x4.mul(f32x4.splat(0.5), x);
  return f32x4.mul(half, f32x4.add(f32x4.splat(1), tanh(geluArgument(x))));
}

// @ts-ignore: decorator
@inline
export function geluSlope(x: v128): v128 {
  const one = f32x4.splat(1);
  const half = f32x4.splat(0.5);
  const t = tanh(geluArgument(x));
  const cubic = f32x4.mul(f32x4.splat(3 * GELU_CUBIC), f32x4.mul(x, x));
  const inner = f32x4.mul(f32x4.splat(GELU_SCALE), f32x4.add(one, cubic));
  const slope = f32x4.mul(f32x4.mul(half, x), f32x4.sub(one, f32x4.mul(t, t)));
  return f32x4.add(f32x4.mul(half, f32x4.add(one, t)), f32x4.mul(slope, inner));
}

// @ts-ignore: decorator
@inline
function geluArgument(x: v128): v128 {
  const cube = f32x4.mul(f32x4.mul(x, x), x);
  return f32x4.mul(f32x4.splat(GELU_SCALE), f32x4.add(x, f32x4.mul(f32x4.splat(GELU_CUBIC), cube)));
}
