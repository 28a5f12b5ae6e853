import { isNpy } from '../data/formats/npy.ts';
import { chooseArray, isZip, parseNpz } from '../data/formats/npz.ts';
import { parseIdx } from '../data/idx.ts';
import { unpackBounded } from '../data/loading/unpack.ts';
import { reasonOf } from '../errors.ts';
import { readRegularFile } from '../host/read-file.ts';
import { decodePng, isPng } from './decode-png.ts';
import { parseNpyPictures, picturesOf } from './parse-npy.ts';
import { assertSize, PIXELS_MAX, type Picture, pictureError } from './picture.ts';
import { decodeWithSharp } from './with-sharp.ts';

/** The most bytes of a file with pictures. The images of Fashion-MNIST have 47 million. */
const FILE_BYTES_MAX = 2 ** 28;
/** The most bytes of a file with one picture. */
export const PICTURE_BYTES_MAX = FILE_BYTES_MAX;

/** The pictures in a file. */
export interface PictureFile {
  /** The format of the file, for people. */
  readonly format: string;
  readonly count: number;
  /** Whether it is an array of pictures. */
  readonly isArray: boolean;
  picture(index: number): Picture;
}

/**
 * Reads a PNG, IDX or NPY file, or any other that sharp reads. The content tells the format. Throws
 * a `DATA` error that names the file.
 */
export async function readPictures(path: string): Promise<PictureFile> {
  try {
    return await decode(await readRegularFile(path, FILE_BYTES_MAX), path);
  } catch (error) {
    throw pictureError(`cannot use the picture ${path}: ${reasonOf(error).replace(/\.$/, '')}.`);
  }
}

async function decode(packed: Uint8Array, path: string): Promise<PictureFile> {
  const file = await unpackBounded(packed, path.replace(/\.gz$/, ''));
  if (isPng(file)) return single('PNG', decodePng(file, PIXELS_MAX));
  if (isNpy(file)) return many('NPY', imagesOf(parseNpyPictures(file)));
  if (isZip(file)) return many('NPZ', imagesOf(picturesOf(chooseArray(parseNpz(file)))));
  if (startsWith(file, IDX_OF_BYTES, 0)) return many('IDX', imagesOf(parseImages(file)));
  const other = otherFormat(file);
  if (other) return single(other, await decodeWithSharp(file, other));
  throw unknownFormat(file, 'PNG, IDX, NPY or NPZ');
}

/**
 * Decodes a file with one picture: PNG, or any other that sharp reads. Throws a `DATA` error, which
 * does not name the file.
 */
export async function decodePicture(file: Uint8Array): Promise<Picture> {
  if (isPng(file)) return decodePng(file, PIXELS_MAX);
  const other = otherFormat(file);
  if (other) return decodeWithSharp(file, other);
  throw unknownFormat(file, 'PNG');
}

const otherFormat = (file: Uint8Array): string | undefined =>
  OTHERS.find(({ at, begins }) => startsWith(file, begins, at))?.name;

const unknownFormat = (file: Uint8Array, names: string) =>
  pictureError(
    file.length === 0
      ? 'it is empty'
      : `it is no ${names} file, and no JPEG, GIF, WebP or TIFF: save it as PNG`,
  );

/** Two zeros, and the type of the values. The number of dimensions follows. */
const IDX_OF_BYTES = '\0\0\x08';

function parseImages(file: Uint8Array) {
  const dimensionCount = file[3];
  if (dimensionCount === 1) throw pictureError('it holds labels, not images: give the other file');
  const { shape, values } = parseIdx(file, [[8, dimensionCount]], 'its content');
  return { shape, values: Uint8Array.from(values) };
}

/** How the formats that sharp reads begin. */
const OTHERS: readonly { name: string; begins: string; at: number }[] = [
  { name: 'JPEG', begins: '\xff\xd8\xff', at: 0 },
  { name: 'GIF', begins: 'GIF8', at: 0 },
  { name: 'WebP', begins: 'WEBP', at: 8 },
  { name: 'TIFF', begins: 'II*\0', at: 0 },
  { name: 'TIFF', begins: 'MM\0*', at: 0 },
];

const startsWith = (file: Uint8Array, text: string, at: number): boolean =>
  Buffer.from(file.subarray(at, at + text.length)).toString('latin1') === text;

const single = (format: string, picture: Picture): PictureFile => ({
  format,
  count: 1,
  isArray: false,
  picture: () => picture,
});

interface Images {
  readonly count: number;
  readonly height: number;
  readonly width: number;
  readonly channels: 1 | 3;
  readonly values: Uint8Array;
}

/** [height, width], [count, height, width], or with 1 or 3 channels [count, height, width, …]. */
function imagesOf({ shape, values }: { shape: readonly number[]; values: Uint8Array }): Images {
  const [count, height, width, channels = 1] = shape.length === 2 ? [1, ...shape] : shape;
  if (shape.length < 2 || shape.length > 4 || (channels !== 1 && channels !== 3) || count < 1)
    throw pictureError(
      `its shape is (${shape}): it must be [height, width], [count, height, width], or ` +
        '[count, height, width, channels] with 1 or 3 channels',
    );
  assertSize(width, height, PIXELS_MAX);
  return { count, height, width, channels, values };
}

function many(format: string, images: Images): PictureFile {
  const { count, height, width, channels, values } = images;
  const size = height * width * channels;
  const pixelsOf = (index: number) => values.subarray(index * size, (index + 1) * size);
  return {
    format,
    count,
    isArray: true,
    picture: (index) => ({ height, width, channels, pixels: pixelsOf(index) }),
  };
}
