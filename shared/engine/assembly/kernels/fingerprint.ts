// @ts-ignore: decorator
@inline
function mix(h: v128, bits: v128): v128 {
  const sum = i32x4.add(h, i32x4.mul(bits, i32x4.splat(<i32>2246822519)));
  const rotated = v128.or(i32x4.shl(sum, 13), i32x4.shr_u(sum, 19));
  return i32x4.mul(rotated, i32x4.splat(<i32>2654435761));
}

/** Sets the 16 lanes. */
function fingerprintOfBlock(values: usize, count: i32, lanes: usize): void {
  let h0 = i32x4(0, 1, 2, 3), h1 = i32x4(4, 5, 6, 7);
  let h2 = i32x4(8, 9, 10, 11), h3 = i32x4(12, 13, 14, 15);
  const end = values + (<usize>count << 2);
  for (; values + 64 <= end; values += 64) {
    h0 = mix(h0, v128.load(values));
    h1 = mix(h1, v128.load(values, 16));
    h2 = mix(h2, v128.load(values, 32));
    h3 = mix(h3, v128.load(values, 48));
  }
  v128.store(lanes, h0);
  v128.store(lanes, h1, 16);
  v128.store(lanes, h2, 32);
  v128.store(lanes, h3, 48);
  for (let lane = lanes; values < end; values += 4, lane += 4) {
    const mixed = mix(v128.load32_zero(lane), v128.load32_zero(values));
    v128.store_lane<i32>(lane, mixed, 0);
  }
}

/** Sets 16 lanes for each block. */
export function fingerprint(values: usize, count: i32, lanes: usize, blockLength: i32): void {
  for (; count > 0; count -= blockLength, values += <usize>blockLength << 2, lanes += 64) {
    fingerprintOfBlock(values, min(count, blockLength), lanes);
  }
}
