import { loadOne, storeOne } from './arithmetic';
import { exp, gelu, geluSlope, sigmoid, softplus, tanh } from './elementary';

/** The indices of ACTIVATIONS in `../../kernels.ts`. */
const IDENTITY = 0;
const SIGMOID = 1;
const TANH = 2;
const RELU = 3;
const LEAKY_RELU = 4;
const GELU = 5;
const SOFTPLUS = 6;

const LEAKY_SLOPE: f32 = 0.01;

// @ts-ignore: decorator
@inline
function activation(kind: i32, x: v128): v128 {
  if (kind == IDENTITY) return x;
  if (kind == SIGMOID) return sigmoid(x);
  if (kind == TANH) return tanh(x);
  const isNegative = f32x4.lt(x, f32x4.splat(0));
  if (kind == RELU) return v128.andnot(x, isNegative);
  if (kind == LEAKY_RELU) {
    return v128.bitselect(f32x4.mul(x, f32x4.splat(LEAKY_SLOPE)), x, isNegative);
  }
  return kind == GELU ? gelu(x) : softplus(x);
}

// @ts-ignore: decorator
@inline
function derivative(kind: i32, x: v128, y: v128): v128 {
  const one = f32x4.splat(1);
  if (kind == IDENTITY) return one;
  if (kind == SIGMOID) return f32x4.mul(y, f32x4.sub(one, y));
  if (kind == TANH) return f32x4.sub(one, f32x4.mul(y, y));
  const isPositive = f32x4.gt(y, f32x4.splat(0));
  if (kind == RELU) return v128.and(one, isPositive);
  if (kind == LEAKY_RELU) return v128.bitselect(one, f32x4.splat(LEAKY_SLOPE), isPositive);
  return kind == GELU ? geluSlope(x) : sigmoid(x);
}

// @ts-ignore: decorator
@inline
function activateAll(kind: i32, x: usize, y: usize, count: i32): void {
  const end = x + (<usize>count << 2);
  for (; x + 16 <= end; x += 16, y += 16) v128.store(y, activation(kind, v128.load(x)));
  for (; x < end; x += 4, y += 4) storeOne(y, activation(kind, loadOne(x)));
}

// @ts-ignore: decorator
@inline
function activateAllBackward(
  kind: i32, x: usize, y: usize, dy: usize, dx: usize, count: i32,
): void {
  const end = y + (<usize>count << 2);
  for (; y + 16 <= end; x += 16, y += 16, dy += 16, dx += 16) {
    v128.store(dx, f32x4.mul(v128.load(dy), derivative(kind, v128.load(x), v128.load(y))));
  }
  for (; y < end; x += 4, y += 4, dy += 4, dx += 4) {
    storeOne(dx, f32x4.mul(loadOne(dy), derivative(kind, loadOne(x), loadOne(y))));
  }
}

/** Each kind has a loop of its own, so no loop tests the kind for each value. */
export function activate(kind: i32, x: usize, y: usize, count: i32): void {
  if (kind == IDENTITY) activateAll(IDENTITY, x, y, count);
  else if (kind == SIGMOID) activateAll(SIGMOID, x, y, count);
  else if (kind == TANH) activateAll(TANH, x, y, count);
  else if (kind == RELU) activateAll(RELU, x, y, count);
  else if (kind == LEAKY_RELU) activateAll(LEAKY_RELU, x, y, count);
  else if (kind == GELU) activateAll(GELU, x, y, count);
  else activateAll(SOFTPLUS, x, y, count);
}

export function activateBackward(
  kind: i32, x: usize, y: usize, dy: usize, dx: usize, count: i32,
): void {
  if (kind == IDENTITY) activateAllBackward(IDENTITY, x, y, dy, dx, count);
  else if (kind == SIGMOID) activateAllBackward(SIGMOID, x, y, dy, dx, count);
  else if (kind == TANH) activateAllBackward(TANH, x, y, dy, dx, count);
  else if (kind == RELU) activateAllBackward(RELU, x, y, dy, dx, count);
  else if (kind == LEAKY_RELU) activateAllBackward(LEAKY_RELU, x, y, dy, dx, count);
  else if (kind == GELU) activateAllBackward(GELU, x, y, dy, dx, count);
  else activateAllBackward(SOFTPLUS, x, y, dy, dx, count);
}

export function multiply(a: usize, b: usize, product: usize, count: i32): void {
  const end = a + (<usize>count << 2);
  for (; a + 16 <= end; a += 16, b += 16, product += 16) {
    v128.store(product, f32x4.mul(v128.load(a), v128.load(b)));
  }
  for (; a < end; a += 4, b += 4, product += 4) store<f32>(product, load<f32>(a) * load<f32>(b));
}

export function addBias(y: usize, bias: usize, rows: i32, columns: i32): void {
  for (let row = 0; row < rows; row++) {
    addInto(y, bias, columns);
    y += <usize>columns << 2;
  }
}

export function addInto(target: usize, source: usize, count: i32): void {
  const end = target + (<usize>count << 2);
  for (; target + 16 <= end; target += 16, source += 16) {
    v128.store(target, f32x4.add(v128.load(target), v128.load(source)));
  }
  for (; target < end; target += 4, source += 4) {
    store<f32>(target, load<f32>(target) + load<f32>(source));
  }
}

export function scaleBytes(bytes: usize, values: usize, count: i32): void {
  const end = bytes + <usize>count;
  const scale = f32x4.splat(255);
  for (; bytes + 4 <= end; bytes += 4, values += 16) {
    const words = i32x4.extend_low_i16x8_u(i16x8.extend_low_i8x16_u(v128.load32_zero(bytes)));
    v128.store(values, f32x4.div(f32x4.convert_i32x4_u(words), scale));
  }
  for (; bytes < end; bytes++, values += 4) store<f32>(values, <f32>load<u8>(bytes) / 255);
}

/**
 * Values from 2^62 on overflow when they are scaled. Only NaN and ±∞ have a difference from
 * themselves that is not 0.
 */
export function isAllBounded(values: usize, count: i32): bool {
  const end = values + (<usize>count << 2);
  const scale = f32x4.splat(7.378697629483821e19); // 2^66
  let differences = f32x4.splat(0);
  let others = f32x4.splat(0);
  for (; values + 64 <= end; values += 64) {
    const a = f32x4.mul(v128.load(values), scale);
    const b = f32x4.mul(v128.load(values, 16), scale);
    const c = f32x4.mul(v128.load(values, 32), scale);
    const d = f32x4.mul(v128.load(values, 48), scale);
    differences = v128.or(differences, v128.or(f32x4.sub(a, a), f32x4.sub(b, b)));
    others = v128.or(others, v128.or(f32x4.sub(c, c), f32x4.sub(d, d)));
  }
  differences = v128.or(differences, others);
  for (; values + 16 <= end; values += 16) {
    const x = f32x4.mul(v128.load(values), scale);
    differences = v128.or(differences, f32x4.sub(x, x));
  }
  for (; values < end; values += 4) {
    const x = f32x4.mul(loadOne(values), scale);
    differences = v128.or(differences, f32x4.sub(x, x));
  }
  return !v128.any_true(differences);
}

export function expInto(x: usize, y: usize, count: i32): void {
  const end = x + (<usize>count << 2);
  for (; x + 16 <= end; x += 16, y += 16) v128.store(y, exp(v128.load(x)));
  for (; x < end; x += 4, y += 4) storeOne(y, exp(loadOne(x)));
}
