import { loadOne, storeOne } from './arithmetic';

/** To the nearest f32 whose lower 16 bits are zero; of two equally near ones to the even one. */
// @ts-ignore: decorator
@inline
export function rounded(x: v128): v128 {
  const lastKept = v128.and(i32x4.shr_u(x, 16), i32x4.splat(1));
  const up = i32x4.add(x, i32x4.add(lastKept, i32x4.splat(0x7fff)));
  const kept = v128.and(up, i32x4.splat(0xffff0000));
  return v128.bitselect(i32x4.splat(0x7fc00000), kept, f32x4.ne(x, x));
}

export function roundToBfloat16(values: usize, count: i32): void {
  const end = values + (<usize>count << 2);
  for (; values + 16 <= end; values += 16) v128.store(values, rounded(v128.load(values)));
  for (; values < end; values += 4) storeOne(values, rounded(loadOne(values)));
}

/** From the last value to the first: what is written lies behind what is still to be read. */
export function narrow(values: usize, count: i32): void {
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

/** From the first value to the last, likewise. */
export function widen(values: usize, count: i32): void {
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
