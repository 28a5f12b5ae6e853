/**
 * Copies b [k, n] into panels of `width` columns, `panelBytes` apart. The k rows of a panel are
 * contiguous, so a tile reads the panel from one end to the other. Columns from n on are zeros.
 */
export function pack(b: usize, k: i32, n: i32, width: i32, panels: usize, panelBytes: usize): void {
  const rowBytes = <usize>n << 2;
  const widthBytes = <usize>width << 2;
  for (let j = 0; j < n; j += width, panels += panelBytes) {
    let to = panels;
    const bytes = <usize>min(n - j, width) << 2;
    let from = b + (<usize>j << 2);
    for (let l = 0; l < k; l++) {
      if (bytes == 64) {
        v128.store(to, v128.load(from));
        v128.store(to, v128.load(from, 16), 16);
        v128.store(to, v128.load(from, 32), 32);
        v128.store(to, v128.load(from, 48), 48);
      } else {
        copyFew(to, from, bytes);
        for (let x = bytes; x < widthBytes; x += 4) store<f32>(to + x, 0);
      }
      from += rowBytes;
      to += widthBytes;
    }
  }
}

/** Copies less than a cache line. For so little, a call of `memory.copy` costs more. */
// @ts-ignore: decorator
@inline
export function copyFew(to: usize, from: usize, bytes: usize): void {
  let x: usize = 0;
  for (; x + 16 <= bytes; x += 16) v128.store(to + x, v128.load(from + x));
  for (; x < bytes; x += 4) store<f32>(to + x, load<f32>(from + x));
}

/** Does the same with bᵀ, where b is [n, k]. */
export function packTransposed(
  b: usize, k: i32, n: i32, width: i32, panels: usize, panelBytes: usize,
): void {
  const rowBytes = <usize>k << 2;
  const widthBytes = <usize>width << 2;
  for (let j = 0; j < n; j += 4) {
    const to = panels + <usize>(j / width) * panelBytes + (<usize>(j % width) << 2);
    const from = b + <usize>j * rowBytes;
    let l = 0;
    if (j + 4 <= n) {
      for (; l + 4 <= k; l += 4) {
        transpose(from + (<usize>l << 2), rowBytes, to + <usize>l * widthBytes, widthBytes);
      }
    }
    for (; l < k; l++) {
      for (let i = 0; i < 4; i++) {
        const value = j + i < n ? load<f32>(from + <usize>i * rowBytes + (<usize>l << 2)) : 0;
        store<f32>(to + <usize>l * widthBytes + (<usize>i << 2), value);
      }
    }
  }
  // The vectors that begin at column n or later have only zeros.
  for (let j = (n + 3) & ~3; j % width != 0; j += 4) {
    const to = panels + <usize>(j / width) * panelBytes + (<usize>(j % width) << 2);
    for (let l = 0; l < k; l++) v128.store(to + <usize>l * widthBytes, f32x4.splat(0));
  }
}

/** Transposes a block of 4 × 4 values. */
// @ts-ignore: decorator
@inline
function transpose(from: usize, fromStride: usize, to: usize, toStride: usize): void {
  const r0 = v128.load(from);
  const r1 = v128.load(from + fromStride);
  const r2 = v128.load(from + 2 * fromStride);
  const r3 = v128.load(from + 3 * fromStride);
  const low01 = v128.shuffle<f32>(r0, r1, 0, 4, 1, 5);
  const low23 = v128.shuffle<f32>(r2, r3, 0, 4, 1, 5);
  const high01 = v128.shuffle<f32>(r0, r1, 2, 6, 3, 7);
  const high23 = v128.shuffle<f32>(r2, r3, 2, 6, 3, 7);
  v128.store(to, v128.shuffle<f64>(low01, low23, 0, 2));
  v128.store(to + toStride, v128.shuffle<f64>(low01, low23, 1, 3));
  v128.store(to + 2 * toStride, v128.shuffle<f64>(high01, high23, 0, 2));
  v128.store(to + 3 * toStride, v128.shuffle<f64>(high01, high23, 1, 3));
}
