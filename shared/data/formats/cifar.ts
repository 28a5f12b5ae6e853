import { LockstepError } from '../../errors.ts';

/*
 * The binary files of CIFAR-10 and CIFAR-100: records of a label or two, and the planes of red, of
 * green and of blue of an image of 32 × 32 pixels.
 *
 *   CIFAR-10    label | 1024 red | 1024 green | 1024 blue
 *   CIFAR-100   coarse label | fine label | 1024 red | 1024 green | 1024 blue
 */

const SIDE = 32;
const PIXELS = SIDE * SIDE;

export interface CifarImages {
  /** [count, 32, 32, 3] */
  readonly pixels: Uint8Array;
  /** [count] */
  readonly labels: Uint8Array;
}

/** Reads a file with 1 or 2 labels before each image. Throws a `DATA` error. */
export function parseCifar(file: Uint8Array, labelCount: 1 | 2): CifarImages {
  const recordBytes = labelCount + 3 * PIXELS;
  if (file.length === 0 || file.length % recordBytes !== 0)
    throw new LockstepError(
      'DATA',
      `it has ${file.length} bytes, which are no whole records of ${recordBytes}: get it again`,
    );
  const count = file.length / recordBytes;
  const pixels = new Uint8Array(count * 3 * PIXELS);
  const labels = new Uint8Array(count);
  for (let i = 0; i < count; i++) {
    const start = i * recordBytes + labelCount;
    labels[i] = file[start - 1];
    for (let channel = 0; channel < 3; channel++)
      for (let at = 0; at < PIXELS; at++)
        pixels[(i * PIXELS + at) * 3 + channel] = file[start + channel * PIXELS + at];
  }
  return { pixels, labels };
}

/** A. Krizhevsky, "Learning multiple layers of features from tiny images", 2009. */
export const CIFAR10_CLASSES: readonly string[] = [
  'airplane',
  'automobile',
  'bird',
  'cat',
  'deer',
  'dog',
  'frog',
  'horse',
  'ship',
  'truck',
];
