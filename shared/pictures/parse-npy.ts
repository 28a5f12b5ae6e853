import { type NpyArray, type NpyValues, parseNpy } from '../data/formats/npy.ts';
import { pictureError } from './picture.ts';

/** An array of images in bytes. */
export interface NpyPictures {
  readonly shape: readonly number[];
  readonly values: Uint8Array;
}

/**
 * Reads an NPY file with images: bytes, whole numbers from 0 to 255, or numbers from 0 to 1, which
 * become bytes. Throws a `DATA` error, which does not name the file.
 */
export function parseNpyPictures(file: Uint8Array): NpyPictures {
  return picturesOf(parseNpy(file));
}

/** The images of an array. Throws a `DATA` error. */
export function picturesOf({ shape, values }: NpyArray): NpyPictures {
  return { shape, values: values instanceof Uint8Array ? values : bytesFrom(values) };
}

function bytesFrom(values: Exclude<NpyValues, Uint8Array>): Uint8Array {
  const isWhole = values instanceof Int32Array;
  const [most, scale] = isWhole ? [255, 1] : [1, 255];
  return Uint8Array.from({ length: values.length }, (_, i) => {
    const value = values[i];
    if (value >= 0 && value <= most) return Math.round(value * scale);
    throw pictureError(
      `value ${i} is ${value}, not from 0 to ${most}: ` +
        `save bytes from 0 to 255${isWhole ? '' : ', or divide by 255'}`,
    );
  });
}
