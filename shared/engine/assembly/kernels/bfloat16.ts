import { loadOne, storeOne } from './arithmetic';

/**
 * Rounds each lane to the nearest f32 whose lower 16 bits are zero, and ties to even. NaN becomes
 * the NaN 0x7fc00000. Shifts make the constants: V8 spends six instructions on each use of a
 * constant vector.
 */
// @ts-ignore: decorator
@inline
export function rounded(x: v128): v128 {
  const lastKept = i32x4.shr_u(i32x4.shl(x, 15), 31);
  const half = i32x4.shr_u(i32x4.eq(x, x), 17); // 0x7fff
  const up = i32x4.add(x, i32x4.add(half, lastKept));
  const kept = i32x4.shl(i32x4.shr_u(up, 16), 16);
  const isNaN = f32x4.ne(x, x);
  const nan = i32x4.shl(i32x4.shr_u(isNaN, 23), 22); // 0x7fc00000
  return v128.or(v128.andnot(kept, isNaN), nan);
}

export function roundToBfloat16(values: usize, count: i32): void {
  const end = values + (<usize>count << 2);
  for (; values + 16 <= end; values += 16) v128.store(values, rounded(v128.load(values)));
  for (; values < end; values += 4) storeOne(values, rounded(loadOne(values)));
}

/**
 * Packs the upper halves of the values into the second half of their memory. It goes from the last
 * value to the first, so it overwrites no value before it has read it.
 */
export function packBfloat16(values: usize, count: i32): void {
  let source = values + (<usize>count << 2);
  let target = source;
  for (; count >= 8; count -= 8) {
    source -= 32;
    target -= 16;
    const first = v128.load(source);
    const second = v128.load(source, 16);
    v128.store(target, v128.shuffle<u16>(first, second, 1, 3, 5, 7, 9, 11, 13, 15));
  }
  for (; count > 0; count--) {
    source -= 4;
    target -= 2;
    store<u16>(target, load<u16>(source, 2));
  }
}

/**
 * Makes f32 values again of what `packBfloat16` has packed. It goes from the first value to the
 * last, so it overwrites no half before it has read it.
 */
export function unpackBfloat16(values: usize, count: i32): void {
  let source = values + (<usize>count << 1);
  let target = values;
  const zero = i64x2.splat(0);
  for (; count >= 8; count -= 8) {
    const eight = v128.load(source);
    v128.store(target, v128.shuffle<u16>(zero, eight, 0, 8, 1, 9, 2, 10, 3, 11));
    v128.store(target, v128.shuffle<u16>(zero, eight, 4, 12, 5, 13, 6, 14, 7, 15), 16);
    source += 16;
    target += 32;
  }
  for (; count > 0; count--) {
    store<u32>(target, <u32>load<u16>(source) << 16);
    source += 2;
    target += 4;
  }
}
