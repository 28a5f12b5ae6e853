/*
 * Images are [height, width, channels]. The channels of a pixel are contiguous, so a vector holds
 * channels. The last channels, which do not fill a vector, are computed one at a time.
 */

/**
 * Copies images [rows, height, width, channels] into the middle of larger images, whose other
 * values are zeros. The pixels of the copy are `spread` apart, with zeros between them.
 */
export function pad(
  x: usize, padded: usize, rows: i32, height: i32, width: i32, channels: i32,
  paddedHeight: i32, paddedWidth: i32, margin: i32, spread: i32,
): void {
  const pixelBytes = <usize>channels << 2;
  const lineBytes = <usize>width * pixelBytes;
  const paddedLineBytes = <usize>paddedWidth * pixelBytes;
  memory.fill(padded, 0, <usize>rows * <usize>paddedHeight * paddedLineBytes);
  for (let row = 0; row < rows; row++) {
    for (let h = 0; h < height; h++) {
      const line = row * paddedHeight + margin + h * spread;
      const to = padded + <usize>line * paddedLineBytes + <usize>margin * pixelBytes;
      if (spread == 1) memory.copy(to, x, lineBytes);
      else for (let w = 0; w < width; w++) {
        memory.copy(to + <usize>(w * spread) * pixelBytes, x + <usize>w * pixelBytes, pixelBytes);
      }
      x += lineBytes;
    }
  }
}

export function maxPool(
  x: usize, y: usize, rows: i32, height: i32, width: i32, channels: i32, size: i32,
): void {
  const pixelBytes = <usize>channels << 2;
  const lineBytes = <usize>width * pixelBytes;
  const outHeight = height / size;
  const outWidth = width / size;
  for (let row = 0; row < rows; row++, x += <usize>height * lineBytes) {
    for (let i = 0; i < outHeight; i++) {
      for (let j = 0; j < outWidth; j++, y += pixelBytes) {
        const corner = x + <usize>(i * size) * lineBytes + <usize>(j * size) * pixelBytes;
        let c: usize = 0;
        for (; c + 16 <= pixelBytes; c += 16) {
          let max = v128.load(corner + c);
          for (let h = 0, line = corner + c; h < size; h++, line += lineBytes) {
            for (let w = 0, p = line; w < size; w++, p += pixelBytes) {
              const value = v128.load(p);
              max = v128.bitselect(value, max, f32x4.gt(value, max));
            }
          }
          v128.store(y + c, max);
        }
        for (; c < pixelBytes; c += 4) {
          let max = load<f32>(corner + c);
          for (let h = 0, line = corner + c; h < size; h++, line += lineBytes) {
            for (let w = 0, p = line; w < size; w++, p += pixelBytes) {
              max = load<f32>(p) > max ? load<f32>(p) : max;
            }
          }
          store<f32>(y + c, max);
        }
      }
    }
  }
}

export function maxPoolBackward(
  x: usize, y: usize, dy: usize, dx: usize,
  rows: i32, height: i32, width: i32, channels: i32, size: i32,
): void {
  const pixelBytes = <usize>channels << 2;
  const lineBytes = <usize>width * pixelBytes;
  const imageBytes = <usize>height * lineBytes;
  const outHeight = height / size;
  const outWidth = width / size;
  if (height % size != 0 || width % size != 0) memory.fill(dx, 0, <usize>rows * imageBytes);
  for (let row = 0; row < rows; row++, x += imageBytes, dx += imageBytes) {
    for (let i = 0; i < outHeight; i++) {
      for (let j = 0; j < outWidth; j++, y += pixelBytes, dy += pixelBytes) {
        const corner = <usize>(i * size) * lineBytes + <usize>(j * size) * pixelBytes;
        let c: usize = 0;
        for (; c + 16 <= pixelBytes; c += 16) {
          const max = v128.load(y + c);
          let slope = v128.load(dy + c);
          for (let h = 0, line = corner + c; h < size; h++, line += lineBytes) {
            for (let w = 0, p = line; w < size; w++, p += pixelBytes) {
              const isMax = f32x4.eq(v128.load(x + p), max);
              v128.store(dx + p, v128.and(slope, isMax));
              slope = v128.andnot(slope, isMax);
            }
          }
        }
        for (; c < pixelBytes; c += 4) {
          const max = load<f32>(y + c);
          let slope = load<f32>(dy + c);
          for (let h = 0, line = corner + c; h < size; h++, line += lineBytes) {
            for (let w = 0, p = line; w < size; w++, p += pixelBytes) {
              const isMax = load<f32>(x + p) == max;
              store<f32>(dx + p, isMax ? slope : 0);
              if (isMax) slope = 0;
            }
          }
        }
      }
    }
  }
}

export function averagePool(
  x: usize, y: usize, rows: i32, height: i32, width: i32, channels: i32, size: i32,
): void {
  const pixelBytes = <usize>channels << 2;
  const lineBytes = <usize>width * pixelBytes;
  const outHeight = height / size;
  const outWidth = width / size;
  for (let row = 0; row < rows; row++, x += <usize>height * lineBytes) {
    for (let i = 0; i < outHeight; i++) {
      for (let j = 0; j < outWidth; j++, y += pixelBytes) {
        const corner = x + <usize>(i * size) * lineBytes + <usize>(j * size) * pixelBytes;
        for (let c: usize = 0; c < pixelBytes; c += 4) {
          let sum: f32 = 0;
          for (let h = 0, line = corner + c; h < size; h++, line += lineBytes) {
            for (let w = 0, p = line; w < size; w++, p += pixelBytes) sum += load<f32>(p);
          }
          store<f32>(y + c, sum / <f32>(size * size));
        }
      }
    }
  }
}

export function averagePoolBackward(
  dy: usize, dx: usize, rows: i32, height: i32, width: i32, channels: i32, size: i32,
): void {
  const pixelBytes = <usize>channels << 2;
  const lineBytes = <usize>width * pixelBytes;
  const imageBytes = <usize>height * lineBytes;
  const outHeight = height / size;
  const outWidth = width / size;
  memory.fill(dx, 0, <usize>rows * imageBytes);
  for (let row = 0; row < rows; row++, dx += imageBytes) {
    for (let i = 0; i < outHeight; i++) {
      for (let j = 0; j < outWidth; j++, dy += pixelBytes) {
        const corner = dx + <usize>(i * size) * lineBytes + <usize>(j * size) * pixelBytes;
        for (let c: usize = 0; c < pixelBytes; c += 4) {
          const slope: f32 = load<f32>(dy + c) / <f32>(size * size);
          for (let h = 0, line = corner + c; h < size; h++, line += lineBytes) {
            for (let w = 0, p = line; w < size; w++, p += pixelBytes) store<f32>(p, slope);
          }
        }
      }
    }
  }
}
