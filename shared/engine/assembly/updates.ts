import { loadOne, storeOne } from './arithmetic';

export function updateSgd(p: usize, sum: usize, length: i32, count: f32, rate: f32): void {
  const end = p + (<usize>length << 2);
  for (; p + 16 <= end; p += 16, sum += 16) v128.store(p, sgd(v128.load(p), v128.load(sum), count, rate));
  for (; p < end; p += 4, sum += 4) storeOne(p, sgd(loadOne(p), loadOne(sum), count, rate));
}

// @ts-ignore: decorator
@inline
function sgd(p: v128, sum: v128, count: f32, rate: f32): v128 {
  return f32x4.sub(p, f32x4.mul(f32x4.splat(rate), mean(sum, count)));
}

// @ts-ignore: decorator
@inline
function mean(sum: v128, count: f32): v128 {
  return f32x4.div(sum, f32x4.splat(count));
}

export function updateMomentum(
  p: usize, sum: usize, velocity: usize, length: i32, count: f32, rate: f32, momentum: f32, isNesterov: bool,
): void {
  const end = p + (<usize>length << 2);
  for (; p + 16 <= end; p += 16, sum += 16, velocity += 16) {
    const gradient = mean(v128.load(sum), count);
    const v = f32x4.add(f32x4.mul(f32x4.splat(momentum), v128.load(velocity)), gradient);
    v128.store(velocity, v);
    v128.store(p, descend(v128.load(p), gradient, v, rate, momentum, isNesterov));
  }
  for (; p < end; p += 4, sum += 4, velocity += 4) {
    const gradient = mean(loadOne(sum), count);
    const v = f32x4.add(f32x4.mul(f32x4.splat(momentum), loadOne(velocity)), gradient);
    storeOne(velocity, v);
    storeOne(p, descend(loadOne(p), gradient, v, rate, momentum, isNesterov));
  }
}

// @ts-ignore: decorator
@inline
function descend(p: v128, gradient: v128, v: v128, rate: f32, momentum: f32, isNesterov: bool): v128 {
  const direction = isNesterov ? f32x4.add(gradient, f32x4.mul(f32x4.splat(momentum), v)) : v;
  return f32x4.sub(p, f32x4.mul(f32x4.splat(rate), direction));
}

export function updateAdam(
  p: usize, sum: usize, m: usize, v: usize, length: i32, count: f32, rate: f32,
  beta1: f32, complement1: f32, beta2: f32, complement2: f32, epsilon: f32, rootCorrection: f32,
): void {
  const end = p + (<usize>length << 2);
  for (; p + 16 <= end; p += 16, sum += 16, m += 16, v += 16) {
    const gradient = mean(v128.load(sum), count);
    const first = blend(v128.load(m), gradient, beta1, complement1);
    const second = blend(v128.load(v), f32x4.mul(gradient, gradient), beta2, complement2);
    v128.store(m, first);
    v128.store(v, second);
    v128.store(p, adam(v128.load(p), first, second, rate, epsilon, rootCorrection));
  }
  for (; p < end; p += 4, sum += 4, m += 4, v += 4) {
    const gradient = mean(loadOne(sum), count);
    const first = blend(loadOne(m), gradient, beta1, complement1);
    const second = blend(loadOne(v), f32x4.mul(gradient, gradient), beta2, complement2);
    storeOne(m, first);
    storeOne(v, second);
    storeOne(p, adam(loadOne(p), first, second, rate, epsilon, rootCorrection));
  }
}

/** The moving average: old · beta + new · (1 - beta). */
// @ts-ignore: decorator
@inline
function blend(old: v128, next: v128, beta: f32, complement: f32): v128 {
  return f32x4.add(f32x4.mul(f32x4.splat(beta), old), f32x4.mul(f32x4.splat(complement), next));
}

// @ts-ignore: decorator
@inline
function adam(p: v128, first: v128, second: v128, rate: f32, epsilon: f32, rootCorrection: f32): v128 {
  const root = f32x4.div(f32x4.sqrt(second), f32x4.splat(rootCorrection));
  const direction = f32x4.div(first, f32x4.add(root, f32x4.splat(epsilon)));
  return f32x4.sub(p, f32x4.mul(f32x4.splat(rate), direction));
}
