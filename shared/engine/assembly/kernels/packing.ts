/**
 * Copies b [k, n] into panels of `width` columns, each with its k rows one after the other, so that a tile reads it
 * in one go; columns beyond n are zeros. Panels begin `panelBytes` apart.
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
        memory.copy(to, from, bytes);
        memory.fill(to + bytes, 0, widthBytes - bytes);
      }
      from += rowBytes;
      to += widthBytes;
    }
  }
}

/** The same of bᵀ, where b is [n, k]. */
export function packTransposed(b: usize, k: i32, n: i32, width: i32, panels: usize, panelBytes: usize): void {
  const rowBytes = <usize>k << 2;
  const widthBytes = <usize>width << 2;
  for (let j = 0; j < n; j += 4) {
    const to = panels + <usize>(j / width) * panelBytes + (<usize>(j % width) << 2);
    const from = b + <usize>j * rowBytes;
    let l = 0;
    if (j + 4 <= n) {
      for (; l + 4 <= k; l += 4) transpose(from + (<usize>l << 2), rowBytes, to + <usize>l * widthBytes, widthBytes);
    }
    for (; l < k; l++) {
      for (let i = 0; i < 4; i++) {
        const value = j + i < n ? load<f32>(from + <usize>i * rowBytes + (<usize>l << 2)) : 0;
        store<f32>(to + <usize>l * widthBytes + (<usize>i << 2), value);
      }
    }
  }
  // Whole vectors of columns beyond n.
  for (let j = (n + 3) & ~3; j % width != 0; j += 4) {
    const to = panels + <usize>(j / width) * panelBytes + (<usize>(j % width) << 2);
    for (let l = 0; l < k; l++) v128.store(to + <usize>l * widthBytes, f32x4.splat(0));
  }
}

/** Four rows of four values become four columns. */
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
