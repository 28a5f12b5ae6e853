import { LockstepError } from '../errors.ts';

/** A picture in memory: gray, or red, green and blue. */
export interface Picture {
  readonly height: number;
  readonly width: number;
  readonly channels: 1 | 3;
  /** [height, width, channels], each 0 … 255. */
  readonly pixels: Uint8Array;
}

/** The most pixels of a picture that is read: three times those of most cameras. */
export const PIXELS_MAX = 40_000_000;

/** The error for a picture that cannot be used. The message names the reason and what to do. */
export const pictureError = (message: string): LockstepError => new LockstepError('DATA', message);

/** Throws a `DATA` error if a picture has no pixels or too many. */
export function assertSize(width: number, height: number, pixelsMax: number): void {
  if (width < 1 || height < 1) throw pictureError(`it has ${width} × ${height} pixels`);
  if (width * height > pixelsMax)
    throw pictureError(
      `it has ${width} × ${height} pixels, more than ${pixelsMax}: make it smaller`,
    );
}

/** Makes a picture gray by the brightness of its colors (Rec. ITU-R BT.601), or gray to color. */
export function withChannels(picture: Picture, channels: 1 | 3): Picture {
  if (picture.channels === channels) return picture;
  const { height, width, pixels } = picture;
  const size = height * width;
  const from =
    channels === 1
      ? (i: number) =>
          Math.round(0.299 * pixels[3 * i] + 0.587 * pixels[3 * i + 1] + 0.114 * pixels[3 * i + 2])
      : (i: number) => pixels[Math.floor(i / 3)];
  return {
    height,
    width,
    channels,
    pixels: Uint8Array.from({ length: size * channels }, (_, i) => from(i)),
  };
}

/** Swaps light and dark. */
export const inverted = (picture: Picture): Picture => ({
  ...picture,
  pixels: picture.pixels.map((value) => 255 - value),
});

/** The mean brightness of the outermost pixels, 0 to 255. */
export function edgeBrightness({ height, width, channels, pixels }: Picture): number {
  let sum = 0;
  let count = 0;
  for (let y = 0; y < height; y++) {
    const isEdge = y === 0 || y === height - 1;
    for (let x = 0; x < width; x += isEdge ? 1 : Math.max(1, width - 1)) {
      for (let c = 0; c < channels; c++) sum += pixels[(y * width + x) * channels + c];
      count += channels;
    }
  }
  return sum / count;
}
