import { loadOne, storeOne } from './arithmetic';

/** The values that all updates need. They are set once per call, so the loops below stay short. */
let rate: v128 = f32x4.splat(0);
let count: v128 = f32x4.splat(0);
let scale: v128 = f32x4.splat(0);
let decay: v128 = f32x4.splat(0);

export function setUpdate(
  exampleCount: f32, learningRate: f32, gradientScale: f32, weightDecay: f32,
): void {
  count = f32x4.splat(exampleCount);
  rate = f32x4.splat(learningRate);
  scale = f32x4.splat(gradientScale);
  decay = f32x4.splat(weightDecay);
}

// @ts-ignore: decorator
@inline
function gradientOf(sum: v128, p: v128): v128 {
  return f32x4.add(f32x4.mul(f32x4.div(sum, count), scale), f32x4.mul(decay, p));
}

// @ts-ignore: decorator
@inline
function descend(p: v128, direction: v128): v128 {
  return f32x4.sub(p, f32x4.mul(rate, direction));
}

/** old · keep + next · share */
// @ts-ignore: decorator
@inline
function blend(old: v128, next: v128, keep: f32, share: f32): v128 {
  return f32x4.add(f32x4.mul(f32x4.splat(keep), old), f32x4.mul(f32x4.splat(share), next));
}

export function updateSgd(p: usize, sum: usize, length: i32): void {
  const end = p + (<usize>length << 2);
  for (; p + 16 <= end; p += 16, sum += 16) {
    const old = v128.load(p);
    v128.store(p, descend(old, gradientOf(v128.load(sum), old)));
  }
  for (; p < end; p += 4, sum += 4) {
    storeOne(p, descend(loadOne(p), gradientOf(loadOne(sum), loadOne(p))));
  }
}

// @ts-ignore: decorator
@inline
function velocityOf(old: v128, gradient: v128, momentum: f32): v128 {
  return f32x4.add(f32x4.mul(f32x4.splat(momentum), old), gradient);
}

export function updateMomentum(
  p: usize, sum: usize, velocity: usize, length: i32, momentum: f32, isNesterov: bool,
): void {
  const end = p + (<usize>length << 2);
  for (; p + 16 <= end; p += 16, sum += 16, velocity += 16) {
    const old = v128.load(p);
    const gradient = gradientOf(v128.load(sum), old);
    const v = velocityOf(v128.load(velocity), gradient, momentum);
    v128.store(velocity, v);
    v128.store(p, descend(old, isNesterov ? lookAhead(gradient, v, momentum) : v));
  }
  for (; p < end; p += 4, sum += 4, velocity += 4) {
    const old = loadOne(p);
    const gradient = gradientOf(loadOne(sum), old);
    const v = velocityOf(loadOne(velocity), gradient, momentum);
    storeOne(velocity, v);
    storeOne(p, descend(old, isNesterov ? lookAhead(gradient, v, momentum) : v));
  }
}

// @ts-ignore: decorator
@inline
function lookAhead(gradient: v128, v: v128, momentum: f32): v128 {
  return f32x4.add(gradient, f32x4.mul(f32x4.splat(momentum), v));
}

export function updateByRoot(
  p: usize, sum: usize, squares: usize, length: i32, keep: f32, share: f32, epsilon: f32,
): void {
  const end = p + (<usize>length << 2);
  for (; p + 16 <= end; p += 16, sum += 16, squares += 16) {
    const old = v128.load(p);
    const gradient = gradientOf(v128.load(sum), old);
    const square = blend(v128.load(squares), f32x4.mul(gradient, gradient), keep, share);
    v128.store(squares, square);
    v128.store(p, descend(old, byRoot(gradient, square, epsilon)));
  }
  for (; p < end; p += 4, sum += 4, squares += 4) {
    const old = loadOne(p);
    const gradient = gradientOf(loadOne(sum), old);
    const square = blend(loadOne(squares), f32x4.mul(gradient, gradient), keep, share);
    storeOne(squares, square);
    storeOne(p, descend(old, byRoot(gradient, square, epsilon)));
  }
}

// @ts-ignore: decorator
@inline
function byRoot(gradient: v128, square: v128, epsilon: f32): v128 {
  return f32x4.div(gradient, f32x4.add(f32x4.sqrt(square), f32x4.splat(epsilon)));
}

export function updateAdam(
  p: usize, sum: usize, m: usize, v: usize, length: i32,
  beta1: f32, share1: f32, beta2: f32, share2: f32, epsilon: f32, rootCorrection: f32, keep: f32,
): void {
  const end = p + (<usize>length << 2);
  for (; p + 16 <= end; p += 16, sum += 16, m += 16, v += 16) {
    const old = v128.load(p);
    const gradient = gradientOf(v128.load(sum), old);
    const first = blend(v128.load(m), gradient, beta1, share1);
    const second = blend(v128.load(v), f32x4.mul(gradient, gradient), beta2, share2);
    v128.store(m, first);
    v128.store(v, second);
    v128.store(
      p, descend(f32x4.mul(old, f32x4.splat(keep)), adam(first, second, epsilon, rootCorrection)),
    );
  }
  for (; p < end; p += 4, sum += 4, m += 4, v += 4) {
    const old = loadOne(p);
    const gradient = gradientOf(loadOne(sum), old);
    const first = blend(loadOne(m), gradient, beta1, share1);
    const second = blend(loadOne(v), f32x4.mul(gradient, gradient), beta2, share2);
    storeOne(m, first);
    storeOne(v, second);
    storeOne(
      p, descend(f32x4.mul(old, f32x4.splat(keep)), adam(first, second, epsilon, rootCorrection)),
    );
  }
}

// @ts-ignore: decorator
@inline
function adam(first: v128, second: v128, epsilon: f32, rootCorrection: f32): v128 {
  const root = f32x4.div(f32x4.sqrt(second), f32x4.splat(rootCorrection));
  return f32x4.div(first, f32x4.add(root, f32x4.splat(epsilon)));
}

export function updateAverage(
  p: usize, sum: usize, length: i32, exampleCount: f32, keep: f32, share: f32,
): void {
  const end = p + (<usize>length << 2);
  for (; p < end; p += 4, sum += 4) {
    store<f32>(p, keep * load<f32>(p) + share * (load<f32>(sum) / exampleCount));
  }
}

function sumOfSquaresOfBlock(values: usize, length: i32): f64 {
  const end = values + (<usize>length << 2);
  let sum: f64 = 0;
  for (; values < end; values += 4) {
    const value = <f64>load<f32>(values);
    sum += value * value;
  }
  return sum;
}

/** Sets one f64 for each block. */
export function sumOfSquares(values: usize, count: i32, sums: usize, blockLength: i32): void {
  for (; count > 0; count -= blockLength, values += <usize>blockLength << 2, sums += 8) {
    store<f64>(sums, sumOfSquaresOfBlock(values, min(count, blockLength)));
  }
}
