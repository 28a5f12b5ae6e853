import type { Size } from '../../pictures/resize.ts';
import type { NpyArray, NpyValues } from '../formats/npy.ts';
import type { Column } from '../tables/table.ts';
import { dataError, type ImageInputs } from './source.ts';

/** How numbers become bytes. */
interface Scale {
  readonly isWhole: boolean;
  readonly text: string;
  toByte(value: number): number;
}

const SCALES = {
  bytes: { isWhole: true, text: 'from 0 to 255', toByte: (value: number) => value },
  unit: {
    isWhole: false,
    text: 'from 0 to 1, times 255',
    toByte: (value: number) => Math.round(value * 255),
  },
  signed: {
    isWhole: false,
    text: 'from -1 to 1, made 0 to 255',
    toByte: (value: number) => Math.round((value + 1) * 127.5),
  },
} satisfies Record<string, Scale>;

/**
 * Tells from all numbers how they are to become bytes: 0 … 255 stay, and 0 … 1 or -1 … 1 are
 * stretched. Throws a `DATA` error for others.
 */
export function scaleOf(parts: readonly ArrayLike<number>[]): Scale {
  let [least, most, isWhole] = [Infinity, -Infinity, true];
  for (const values of parts) {
    for (let i = 0; i < values.length; i++) {
      const value = values[i];
      if (!Number.isFinite(value))
        throw dataError(
          `value ${i} of the pixels is ${value}: pixels must be there and finite. Replace it, ` +
            'such as with numpy.nan_to_num.',
        );
      if (value < least) least = value;
      if (value > most) most = value;
      if (isWhole && !Number.isInteger(value)) isWhole = false;
    }
  }
  if (least >= 0 && most <= 255 && isWhole && most > 1) return SCALES.bytes;
  if (least >= 0 && most <= 1) return SCALES.unit;
  if (least >= -1 && most <= 1) return SCALES.signed;
  if (least >= 0 && most <= 255) return { ...SCALES.bytes, toByte: Math.round };
  throw dataError(
    `pixels are from ${least} to ${most}: save them from 0 to 255, from 0 to 1, or from -1 to 1.`,
  );
}

/** Columns of pixels as images. Throws a `DATA` error if their number does not fit the size. */
export function imagesOfColumns(
  columns: readonly Column[],
  count: number,
  { height, width }: Size,
  note: (line: string) => void,
): ImageInputs {
  const channels = columns.length / (height * width);
  if (![1, 3, 4].includes(channels))
    throw dataError(
      `--size ${height}x${width} wants ${height * width} columns of pixels, or three times as ` +
        `many for color, and the table has ${columns.length} beside the target: correct --size, ` +
        'or leave columns out with --drop.',
    );
  const parts = columns.map((column) => {
    if (column.kind === 'number') return column.values;
    throw dataError(`column ${column.name} has no numbers, but --size wants pixels: --drop it.`);
  });
  const scale = scaleOf(parts);
  note(`the numbers are pixels ${scale.text}`);
  const size = columns.length;
  const pixels = new Uint8Array(count * size);
  for (const [i, values] of parts.entries())
    for (let row = 0; row < count; row++) pixels[row * size + i] = scale.toByte(values[row]);
  return { kind: 'images', height, width, channels, pixels };
}

/**
 * Arrays [count, height, width], with channels last or first, as images. Throws a `DATA` error for
 * other shapes.
 */
export function imagesOfArrays(
  arrays: readonly NpyArray[],
  note: (line: string) => void,
): ImageInputs {
  const [{ shape }] = arrays;
  const isPlanar =
    shape.length === 4 && [1, 3].includes(shape[1]) && ![1, 2, 3, 4].includes(shape[3]);
  const [height, width, channels] = isPlanar
    ? [shape[2], shape[3], shape[1]]
    : [shape[1], shape[2], shape[3] ?? 1];
  if (![1, 3, 4].includes(channels))
    throw dataError(
      `images have ${channels} channels (shape ${shape.join(' × ')}): save [count, height, ` +
        'width] or [count, height, width, channels] with 1, 3 or 4 channels.',
    );
  const parts = arrays.map(({ values }) => values);
  const total = parts.reduce((sum, { length }) => sum + length, 0);
  const pixels = new Uint8Array(total);
  const scale = scaleOf(parts);
  if (scale !== SCALES.bytes) note(`the numbers are pixels ${scale.text}`);
  let at = 0;
  for (const values of parts) {
    if (values instanceof Uint8Array && scale === SCALES.bytes) pixels.set(values, at);
    else for (let i = 0; i < values.length; i++) pixels[at + i] = scale.toByte(values[i]);
    at += values.length;
  }
  if (isPlanar) note('images have their channels first: they are put last');
  const ordered = isPlanar ? interleaved(pixels, height * width, channels) : pixels;
  return { kind: 'images', height, width, channels, pixels: ordered };
}

/** From [count, channels, size] to [count, size, channels]. */
function interleaved(planes: Uint8Array, size: number, channels: number): Uint8Array {
  const pixels = new Uint8Array(planes.length);
  for (let start = 0; start < planes.length; start += size * channels)
    for (let channel = 0; channel < channels; channel++)
      for (let i = 0; i < size; i++)
        pixels[start + i * channels + channel] = planes[start + channel * size + i];
  return pixels;
}

/** Rows of numbers as columns of a table. */
export function columnsOfArrays(arrays: readonly NpyArray[]): Column[] {
  const [{ shape }] = arrays;
  const width = shape[1] ?? 1;
  const count = arrays.reduce((sum, array) => sum + array.shape[0], 0);
  return Array.from({ length: width }, (_, i) => {
    const values = new Float64Array(count);
    let row = 0;
    for (const array of arrays)
      for (let at = i; at < array.values.length; at += width) values[row++] = array.values[at];
    return { name: `column ${i + 1}`, kind: 'number' as const, values };
  });
}

/** Throws a `DATA` error if a number is not finite. */
export function assertFinite(values: NpyValues, width: number, name: string): void {
  if (values instanceof Uint8Array || values instanceof Int32Array) return;
  const wrong = values.findIndex((value) => !Number.isFinite(value));
  if (wrong < 0) return;
  throw dataError(
    `${name}: row ${Math.floor(wrong / width)}, value ${wrong % width} is ${values[wrong]}. ` +
      'Replace it first, such as with numpy.nan_to_num.',
  );
}
