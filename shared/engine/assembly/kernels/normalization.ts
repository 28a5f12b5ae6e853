/** Batch normalization; see `../../layers/batch-norm.ts`. */
import { loadOne, storeOne } from './arithmetic';

const EPSILON: f32 = 1e-5;

// @ts-ignore: decorator
@inline
function inverseRoot(variance: v128): v128 {
  return f32x4.div(f32x4.splat(1), f32x4.sqrt(f32x4.add(variance, f32x4.splat(EPSILON))));
}

/*
 * The columns of a leaf are independent. The functions for a line compute a cache line of columns
 * at once, which is four vectors. The functions for a column compute the columns that are left.
 */

// @ts-ignore: decorator
@inline
function centeredSquare(x: v128, mean: v128): v128 {
  const difference = f32x4.sub(x, mean);
  return f32x4.mul(difference, difference);
}

function normalizeLine(
  x: usize, scale: usize, shift: usize, normalized: usize, y: usize, means: usize, variances: usize,
  stride: usize, size: i32,
): void {
  const end = x + stride * <usize>size;
  const count = f32x4.splat(<f32>size);
  let s0 = f32x4.splat(0), s1 = f32x4.splat(0), s2 = f32x4.splat(0), s3 = f32x4.splat(0);
  for (let p = x; p < end; p += stride) {
    s0 = f32x4.add(s0, v128.load(p));
    s1 = f32x4.add(s1, v128.load(p, 16));
    s2 = f32x4.add(s2, v128.load(p, 32));
    s3 = f32x4.add(s3, v128.load(p, 48));
  }
  const m0 = f32x4.div(s0, count), m1 = f32x4.div(s1, count);
  const m2 = f32x4.div(s2, count), m3 = f32x4.div(s3, count);
  s0 = s1 = s2 = s3 = f32x4.splat(0);
  for (let p = x; p < end; p += stride) {
    s0 = f32x4.add(s0, centeredSquare(v128.load(p), m0));
    s1 = f32x4.add(s1, centeredSquare(v128.load(p, 16), m1));
    s2 = f32x4.add(s2, centeredSquare(v128.load(p, 32), m2));
    s3 = f32x4.add(s3, centeredSquare(v128.load(p, 48), m3));
  }
  const v0 = f32x4.div(s0, count), v1 = f32x4.div(s1, count);
  const v2 = f32x4.div(s2, count), v3 = f32x4.div(s3, count);
  const f0 = inverseRoot(v0), f1 = inverseRoot(v1), f2 = inverseRoot(v2), f3 = inverseRoot(v3);
  const a0 = v128.load(scale), a1 = v128.load(scale, 16);
  const a2 = v128.load(scale, 32), a3 = v128.load(scale, 48);
  const b0 = v128.load(shift), b1 = v128.load(shift, 16);
  const b2 = v128.load(shift, 32), b3 = v128.load(shift, 48);
  for (let p = x; p < end; p += stride, normalized += stride, y += stride) {
    const n0 = f32x4.mul(f32x4.sub(v128.load(p), m0), f0);
    const n1 = f32x4.mul(f32x4.sub(v128.load(p, 16), m1), f1);
    const n2 = f32x4.mul(f32x4.sub(v128.load(p, 32), m2), f2);
    const n3 = f32x4.mul(f32x4.sub(v128.load(p, 48), m3), f3);
    storeLine(normalized, n0, n1, n2, n3);
    const y0 = f32x4.add(f32x4.mul(n0, a0), b0), y1 = f32x4.add(f32x4.mul(n1, a1), b1);
    const y2 = f32x4.add(f32x4.mul(n2, a2), b2), y3 = f32x4.add(f32x4.mul(n3, a3), b3);
    storeLine(y, y0, y1, y2, y3);
  }
  storeLine(means, m0, m1, m2, m3);
  storeLine(variances, v0, v1, v2, v3);
}

// @ts-ignore: decorator
@inline
function storeLine(p: usize, a: v128, b: v128, c: v128, d: v128): void {
  v128.store(p, a);
  v128.store(p, b, 16);
  v128.store(p, c, 32);
  v128.store(p, d, 48);
}

function normalizeColumn(
  x: usize, scale: usize, shift: usize, normalized: usize, y: usize, means: usize, variances: usize,
  stride: usize, size: i32,
): void {
  const end = x + stride * <usize>size;
  const count = f32x4.splat(<f32>size);
  let sum = f32x4.splat(0);
  for (let p = x; p < end; p += stride) sum = f32x4.add(sum, loadOne(p));
  const mean = f32x4.div(sum, count);
  sum = f32x4.splat(0);
  for (let p = x; p < end; p += stride) sum = f32x4.add(sum, centeredSquare(loadOne(p), mean));
  const variance = f32x4.div(sum, count);
  const factor = inverseRoot(variance);
  for (let p = x; p < end; p += stride, normalized += stride, y += stride) {
    const value = f32x4.mul(f32x4.sub(loadOne(p), mean), factor);
    storeOne(normalized, value);
    storeOne(y, f32x4.add(f32x4.mul(value, loadOne(scale)), loadOne(shift)));
  }
  storeOne(means, mean);
  storeOne(variances, variance);
}

export function normalize(
  x: usize, scale: usize, shift: usize, normalized: usize, y: usize, means: usize, variances: usize,
  columns: i32, leafSizes: usize, leafCount: i32,
): void {
  const stride = <usize>columns << 2;
  for (let leaf = 0; leaf < leafCount; leaf++) {
    const size = load<i32>(leafSizes + (<usize>leaf << 2));
    let c: usize = size > 0 ? 0 : stride;
    for (; c + 64 <= stride; c += 64) {
      normalizeLine(
        x + c, scale + c, shift + c, normalized + c, y + c, means + c, variances + c, stride, size,
      );
    }
    for (; c < stride; c += 4) {
      normalizeColumn(
        x + c, scale + c, shift + c, normalized + c, y + c, means + c, variances + c, stride, size,
      );
    }
    const bytes = stride * <usize>size;
    x += bytes;
    normalized += bytes;
    y += bytes;
    means += stride;
    variances += stride;
  }
}

export function normalizeBy(
  x: usize, scale: usize, shift: usize, y: usize, mean: usize, variance: usize,
  rows: i32, columns: i32,
): void {
  const stride = <usize>columns << 2;
  for (let row = 0; row < rows; row++, x += stride, y += stride) {
    let c: usize = 0;
    for (; c + 16 <= stride; c += 16) {
      const factor = inverseRoot(v128.load(variance + c));
      const value = f32x4.mul(f32x4.sub(v128.load(x + c), v128.load(mean + c)), factor);
      v128.store(y + c, f32x4.add(f32x4.mul(value, v128.load(scale + c)), v128.load(shift + c)));
    }
    for (; c < stride; c += 4) {
      const factor = inverseRoot(loadOne(variance + c));
      const value = f32x4.mul(f32x4.sub(loadOne(x + c), loadOne(mean + c)), factor);
      storeOne(y + c, f32x4.add(f32x4.mul(value, loadOne(scale + c)), loadOne(shift + c)));
    }
  }
}

// @ts-ignore: decorator
@inline
function backward(d: v128, normalized: v128, mean: v128, slope: v128, factor: v128): v128 {
  return f32x4.mul(f32x4.sub(f32x4.sub(d, mean), f32x4.mul(normalized, slope)), factor);
}

function normalizeLineBackward(
  n: usize, d: usize, scale: usize, dx: usize, variances: usize, dScales: usize, dShifts: usize,
  stride: usize, size: i32,
): void {
  const end = d + stride * <usize>size;
  const count = f32x4.splat(<f32>size);
  let s0 = f32x4.splat(0), s1 = f32x4.splat(0), s2 = f32x4.splat(0), s3 = f32x4.splat(0);
  let t0 = f32x4.splat(0), t1 = f32x4.splat(0), t2 = f32x4.splat(0), t3 = f32x4.splat(0);
  for (let p = d, q = n; p < end; p += stride, q += stride) {
    const d0 = v128.load(p), d1 = v128.load(p, 16), d2 = v128.load(p, 32), d3 = v128.load(p, 48);
    s0 = f32x4.add(s0, d0);
    s1 = f32x4.add(s1, d1);
    s2 = f32x4.add(s2, d2);
    s3 = f32x4.add(s3, d3);
    t0 = f32x4.add(t0, f32x4.mul(d0, v128.load(q)));
    t1 = f32x4.add(t1, f32x4.mul(d1, v128.load(q, 16)));
    t2 = f32x4.add(t2, f32x4.mul(d2, v128.load(q, 32)));
    t3 = f32x4.add(t3, f32x4.mul(d3, v128.load(q, 48)));
  }
  storeLine(dShifts, s0, s1, s2, s3);
  storeLine(dScales, t0, t1, t2, t3);
  s0 = f32x4.div(s0, count), s1 = f32x4.div(s1, count);
  s2 = f32x4.div(s2, count), s3 = f32x4.div(s3, count);
  t0 = f32x4.div(t0, count), t1 = f32x4.div(t1, count);
  t2 = f32x4.div(t2, count), t3 = f32x4.div(t3, count);
  const f0 = f32x4.mul(v128.load(scale), inverseRoot(v128.load(variances)));
  const f1 = f32x4.mul(v128.load(scale, 16), inverseRoot(v128.load(variances, 16)));
  const f2 = f32x4.mul(v128.load(scale, 32), inverseRoot(v128.load(variances, 32)));
  const f3 = f32x4.mul(v128.load(scale, 48), inverseRoot(v128.load(variances, 48)));
  for (; d < end; d += stride, n += stride, dx += stride) {
    v128.store(dx, backward(v128.load(d), v128.load(n), s0, t0, f0));
    v128.store(dx, backward(v128.load(d, 16), v128.load(n, 16), s1, t1, f1), 16);
    v128.store(dx, backward(v128.load(d, 32), v128.load(n, 32), s2, t2, f2), 32);
    v128.store(dx, backward(v128.load(d, 48), v128.load(n, 48), s3, t3, f3), 48);
  }
}

function normalizeColumnBackward(
  n: usize, d: usize, scale: usize, dx: usize, variances: usize, dScales: usize, dShifts: usize,
  stride: usize, size: i32,
): void {
  const end = d + stride * <usize>size;
  const count = f32x4.splat(<f32>size);
  let sum = f32x4.splat(0), slopes = f32x4.splat(0);
  for (let p = d, q = n; p < end; p += stride, q += stride) {
    sum = f32x4.add(sum, loadOne(p));
    slopes = f32x4.add(slopes, f32x4.mul(loadOne(p), loadOne(q)));
  }
  storeOne(dShifts, sum);
  storeOne(dScales, slopes);
  const mean = f32x4.div(sum, count), slope = f32x4.div(slopes, count);
  const factor = f32x4.mul(loadOne(scale), inverseRoot(loadOne(variances)));
  for (; d < end; d += stride, n += stride, dx += stride) {
    storeOne(dx, backward(loadOne(d), loadOne(n), mean, slope, factor));
  }
}

export function normalizeBackward(
  normalized: usize, dy: usize, scale: usize, dx: usize,
  variances: usize, dScales: usize, dShifts: usize,
  columns: i32, leafSizes: usize, leafCount: i32,
): void {
  const stride = <usize>columns << 2;
  for (let leaf = 0; leaf < leafCount; leaf++) {
    const size = load<i32>(leafSizes + (<usize>leaf << 2));
    let c: usize = size > 0 ? 0 : stride;
    for (; c + 64 <= stride; c += 64) {
      normalizeLineBackward(
        normalized + c, dy + c, scale + c, dx + c,
        variances + c, dScales + c, dShifts + c, stride, size,
      );
    }
    for (; c < stride; c += 4) {
      normalizeColumnBackward(
        normalized + c, dy + c, scale + c, dx + c,
        variances + c, dScales + c, dShifts + c, stride, size,
      );
    }
    const bytes = stride * <usize>size;
    normalized += bytes;
    dy += bytes;
    dx += bytes;
    variances += stride;
    dScales += stride;
    dShifts += stride;
  }
}
