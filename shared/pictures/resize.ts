import { edgeBrightness, type Picture } from './picture.ts';

/** The size that a picture is to have. */
export interface Size {
  readonly height: number;
  readonly width: number;
}

/**
 * Scales a picture to fit a size, and centers it. Each new pixel is the mean of the area that it
 * covers. What is left over gets the brightness of the picture's edge.
 */
export function resizeToFit(picture: Picture, size: Size): Picture {
  if (picture.height === size.height && picture.width === size.width) return picture;
  const inner = innerSize(picture, size);
  const scaled = scale(picture, inner);
  const { channels } = picture;
  const pixels = new Uint8Array(size.height * size.width * channels);
  pixels.fill(Math.round(edgeBrightness(picture)));
  const top = Math.floor((size.height - inner.height) / 2);
  const left = Math.floor((size.width - inner.width) / 2);
  const rowLength = inner.width * channels;
  for (let y = 0; y < inner.height; y++) {
    const row = scaled.subarray(y * rowLength, (y + 1) * rowLength);
    pixels.set(row, ((top + y) * size.width + left) * channels);
  }
  return { ...size, channels, pixels };
}

/** The largest size with the picture's proportions that fits. At least a pixel is left. */
export function innerSize(picture: Size, { height, width }: Size): Size {
  const factor = Math.min(height / picture.height, width / picture.width);
  return {
    height: Math.max(1, Math.round(picture.height * factor)),
    width: Math.max(1, Math.round(picture.width * factor)),
  };
}

/** First along each row, and then along each column. */
function scale({ height, width, channels, pixels }: Picture, to: Size): Uint8Array {
  const narrow = new Float64Array(height * to.width * channels);
  for (const [x, parts] of partsOf(width, to.width).entries())
    for (const [from, weight] of parts)
      for (let y = 0; y < height; y++)
        for (let c = 0; c < channels; c++)
          narrow[(y * to.width + x) * channels + c] +=
            weight * pixels[(y * width + from) * channels + c];
  const rowLength = to.width * channels;
  const means = new Float64Array(to.height * rowLength);
  for (const [y, parts] of partsOf(height, to.height).entries())
    for (const [from, weight] of parts)
      for (let i = 0; i < rowLength; i++)
        means[y * rowLength + i] += weight * narrow[from * rowLength + i];
  return Uint8Array.from(means, Math.round);
}

/** For each new pixel of a line, the old pixels under it, each with its part of the new one. */
function partsOf(length: number, newLength: number): [from: number, weight: number][][] {
  return Array.from({ length: newLength }, (_, i) => {
    // Multiplied by `newLength`, all limits are whole numbers.
    const [start, end] = [i * length, (i + 1) * length];
    const parts: [number, number][] = [];
    for (let from = Math.floor(start / newLength); from * newLength < end; from++) {
      const covered = Math.min(end, (from + 1) * newLength) - Math.max(start, from * newLength);
      parts.push([from, covered / length]);
    }
    return parts;
  });
}
