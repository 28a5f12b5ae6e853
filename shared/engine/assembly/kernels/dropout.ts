/** Dropout: Threefry-2×32 with 20 rounds, on four counters at once. See `../../../random.ts`. */
import { storeOne } from './arithmetic';

// @ts-ignore: decorator
@inline
function firstWord(key0: i32, key1: i32, counter: v128): v128 {
  const parity = key0 ^ key1 ^ 0x1bd11bda;
  let x0 = i32x4.add(counter, i32x4.splat(key0));
  let x1 = i32x4.splat(key1);
  for (let group = 1; group <= 5; group++) {
    if ((group & 1) == 1) {
      x0 = i32x4.add(x0, x1); x1 = v128.xor(rotate(x1, 13), x0);
      x0 = i32x4.add(x0, x1); x1 = v128.xor(rotate(x1, 15), x0);
      x0 = i32x4.add(x0, x1); x1 = v128.xor(rotate(x1, 26), x0);
      x0 = i32x4.add(x0, x1); x1 = v128.xor(rotate(x1, 6), x0);
    } else {
      x0 = i32x4.add(x0, x1); x1 = v128.xor(rotate(x1, 17), x0);
      x0 = i32x4.add(x0, x1); x1 = v128.xor(rotate(x1, 29), x0);
      x0 = i32x4.add(x0, x1); x1 = v128.xor(rotate(x1, 16), x0);
      x0 = i32x4.add(x0, x1); x1 = v128.xor(rotate(x1, 24), x0);
    }
    x0 = i32x4.add(x0, i32x4.splat(group % 3 == 0 ? key0 : group % 3 == 1 ? key1 : parity));
    const next = (group + 1) % 3;
    x1 = i32x4.add(x1, i32x4.splat((next == 0 ? key0 : next == 1 ? key1 : parity) + group));
  }
  return x0;
}

// @ts-ignore: decorator
@inline
function rotate(x: v128, distance: i32): v128 {
  return v128.or(i32x4.shl(x, distance), i32x4.shr_u(x, 32 - distance));
}

export function dropoutFactors(
  keys: usize, factors: usize, rows: i32, columns: i32, threshold: u32, scale: f32,
): void {
  const stride = <usize>columns << 2;
  const limit = i32x4.splat(threshold);
  const kept = f32x4.splat(scale);
  for (let row = 0; row < rows; row++, keys += 8, factors += stride) {
    const key0 = load<i32>(keys);
    const key1 = load<i32>(keys, 4);
    for (let c = 0; c < columns; c += 4) {
      const counter = i32x4.add(i32x4.splat(c), i32x4(0, 1, 2, 3));
      const factor = v128.and(kept, i32x4.ge_u(firstWord(key0, key1, counter), limit));
      const to = factors + (<usize>c << 2);
      if (c + 4 <= columns) v128.store(to, factor);
      else {
        storeOne(to, factor);
        if (c + 1 < columns) v128.store32_lane(to, factor, 1, 4);
        if (c + 2 < columns) v128.store32_lane(to, factor, 2, 8);
      }
    }
  }
}
