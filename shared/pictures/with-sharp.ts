import { reasonOf } from '../errors.ts';
import { assertSize, PIXELS_MAX, type Picture, pictureError } from './picture.ts';

/** The part of the package `sharp` that is used. It is not a dependency: people may install it. */
type Sharp = (
  file: Uint8Array,
  options: { limitInputPixels: number },
) => {
  flatten(options: { background: string }): ReturnType<Sharp>;
  rotate(): ReturnType<Sharp>;
  toColorspace(name: string): ReturnType<Sharp>;
  raw(): ReturnType<Sharp>;
  toBuffer(options: { resolveWithObject: true }): Promise<{
    data: Uint8Array;
    info: { width: number; height: number; channels: number };
  }>;
};

/**
 * Decodes JPEG, WebP and other formats with the package `sharp`. Throws a `DATA` error, which does
 * not name the file, if sharp is not installed or cannot read it.
 */
export async function decodeWithSharp(file: Uint8Array, format: string): Promise<Picture> {
  const sharp = await loadSharp();
  if (!sharp)
    throw pictureError(
      `${format} needs the package sharp: run "npm install --no-save sharp" in the folder of ` +
        'Lockstep, or save the picture as PNG',
    );
  const decoded = await sharp(file, { limitInputPixels: PIXELS_MAX })
    .rotate()
    .flatten({ background: 'white' })
    .toColorspace('srgb')
    .raw()
    .toBuffer({ resolveWithObject: true })
    .catch((error: unknown) => {
      throw pictureError(`sharp cannot read it: ${reasonOf(error).split('\n')[0]}`);
    });
  const { width, height, channels } = decoded.info;
  assertSize(width, height, PIXELS_MAX);
  if (channels !== 1 && channels !== 3)
    throw pictureError(`it has ${channels} channels: save it in gray or in color`);
  return { width, height, channels, pixels: new Uint8Array(decoded.data) };
}

async function loadSharp(): Promise<Sharp | undefined> {
  // Not a literal, for which the compiler would want the package.
  const name: string = 'sharp';
  return import(name).then(
    (loaded: { default: Sharp }) => loaded.default,
    () => undefined,
  );
}
