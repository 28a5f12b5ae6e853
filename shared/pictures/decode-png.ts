import { crc32, inflateSync } from 'node:zlib';
import { reasonOf, systemCode } from '../errors.ts';
import { assertSize, PIXELS_MAX, type Picture, pictureError } from './picture.ts';
import type { Size } from './resize.ts';

/*
 * PNG (ISO/IEC 15948): a signature, and then chunks.
 *
 *   chunk   u32 length | 4 letters | `length` bytes | u32 CRC-32 of letters and bytes
 *   IHDR    u32 width | u32 height | bits per sample | color type | 0 | 0 | 1 if interlaced
 *   PLTE    3 bytes for each color of the palette      tRNS   how opaque each color is
 *   IDAT    a part of the zlib stream of all rows      IEND   the end
 *
 * All numbers are big-endian. A row begins with its filter. No more is unpacked than the header
 * announces, and no more is announced than the caller allows.
 */

const SIGNATURE = Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a);

export const isPng = (file: Uint8Array): boolean => SIGNATURE.every((byte, i) => file[i] === byte);

/** The samples of a pixel, by the color type. */
const SAMPLES: Readonly<Record<number, 1 | 2 | 3 | 4>> = { 0: 1, 2: 3, 3: 1, 4: 2, 6: 4 };
const PALETTE = 3;

interface Header {
  readonly width: number;
  readonly height: number;
  /** The bits of a sample. */
  readonly depth: number;
  readonly colorType: number;
  readonly samples: 1 | 2 | 3 | 4;
}

interface Palette {
  readonly colors: Uint8Array;
  readonly alphas: Uint8Array;
}

/**
 * Decodes a PNG file of at most `pixelsMax` pixels. Transparent pixels lie on white, except those
 * of a single color that is named as transparent, which is rare. Throws a
 * `DATA` error, which does not name the file, if it is damaged, too large or interlaced.
 */
export function decodePng(file: Uint8Array, pixelsMax: number): Picture {
  let header: Header | undefined;
  let colors = new Uint8Array();
  let alphas = new Uint8Array();
  const packed: Uint8Array[] = [];
  for (const { type, data } of chunksOf(file)) {
    if (type === 'IHDR') header = parseHeader(data, pixelsMax);
    else if (type === 'PLTE') colors = Uint8Array.from(data);
    else if (type === 'tRNS') alphas = Uint8Array.from(data);
    else if (type === 'IDAT') packed.push(data);
  }
  if (!header) throw damaged('its header is missing');
  return toPicture(header, unpackRows(header, Buffer.concat(packed)), { colors, alphas });
}

/** The size of a PNG file, and whether it has colors. Throws a `DATA` error. */
export function readPngHeader(file: Uint8Array): Size & { readonly isColor: boolean } {
  // The header is the first chunk, and has 13 bytes.
  const start = SIGNATURE.length + 8;
  const { height, width, colorType } = parseHeader(file.subarray(start, start + 13), PIXELS_MAX);
  return { height, width, isColor: isColorType(colorType) };
}

const isColorType = (colorType: number): boolean => colorType === PALETTE || SAMPLES[colorType] > 2;

function* chunksOf(file: Uint8Array): Generator<{ type: string; data: Uint8Array }> {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  for (let at = SIGNATURE.length; ; ) {
    const end = at + 12 <= file.length ? at + 12 + view.getUint32(at) : Number.POSITIVE_INFINITY;
    if (end > file.length) throw damaged('it is cut short');
    const type = String.fromCharCode(...file.subarray(at + 4, at + 8));
    if (crc32(file.subarray(at + 4, end - 4)) !== view.getUint32(end - 4))
      throw damaged(`the check of its part ${JSON.stringify(type)} is wrong`);
    yield { type, data: file.subarray(at + 8, end - 4) };
    if (type === 'IEND') return;
    at = end;
  }
}

function parseHeader(data: Uint8Array, pixelsMax: number): Header {
  if (data.length !== 13) throw damaged('its header is too short');
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  const [width, height] = [view.getUint32(0), view.getUint32(4)];
  const [depth, colorType, , , interlaced] = data.subarray(8);
  const samples = SAMPLES[colorType];
  if (samples === undefined || ![1, 2, 4, 8, 16].includes(depth))
    throw damaged(`there is no color type ${colorType} with ${depth} bits`);
  assertSize(width, height, pixelsMax);
  if (interlaced !== 0) throw pictureError('it is interlaced: save it without interlacing');
  return { width, height, depth, colorType, samples };
}

/** The rows without their filters, each as long as whole bytes need. */
function unpackRows({ width, height, depth, samples }: Header, packed: Uint8Array): Uint8Array {
  const rowBytes = Math.ceil((width * samples * depth) / 8);
  const pixelBytes = Math.ceil((samples * depth) / 8);
  const unpacked = inflate(packed, height * (1 + rowBytes));
  const rows = new Uint8Array(height * rowBytes);
  for (let y = 0; y < height; y++) {
    const start = y * (1 + rowBytes);
    const row = rows.subarray(y * rowBytes, (y + 1) * rowBytes);
    row.set(unpacked.subarray(start + 1, start + 1 + rowBytes));
    const above = rows.subarray(Math.max(0, y - 1) * rowBytes, y * rowBytes);
    removeFilter(unpacked[start], row, above, pixelBytes);
  }
  return rows;
}

function inflate(packed: Uint8Array, length: number): Uint8Array {
  let unpacked: Uint8Array;
  try {
    unpacked = inflateSync(packed, { maxOutputLength: length });
  } catch (error) {
    const isTooLong = systemCode(error) === 'ERR_BUFFER_TOO_LARGE';
    throw damaged(isTooLong ? 'it has more pixels than its header says' : reasonOf(error));
  }
  if (unpacked.length < length) throw damaged('it has fewer pixels than its header says');
  return unpacked;
}

/** In place. `above` is empty for the first row. */
function removeFilter(
  filter: number,
  row: Uint8Array,
  above: Uint8Array,
  pixelBytes: number,
): void {
  if (filter > 4) throw damaged(`there is no filter ${filter}`);
  if (filter === 0) return;
  for (let i = 0; i < row.length; i++) {
    const left = i < pixelBytes ? 0 : row[i - pixelBytes];
    const up = above[i] ?? 0;
    if (filter === 1) row[i] += left;
    else if (filter === 2) row[i] += up;
    else if (filter === 3) row[i] += (left + up) >> 1;
    else row[i] += paeth(left, up, i < pixelBytes ? 0 : (above[i - pixelBytes] ?? 0));
  }
}

/** That of the three which is nearest to left + up - upLeft. */
function paeth(left: number, up: number, upLeft: number): number {
  const guess = left + up - upLeft;
  const [a, b, c] = [Math.abs(guess - left), Math.abs(guess - up), Math.abs(guess - upLeft)];
  if (a <= b && a <= c) return left;
  return b <= c ? up : upLeft;
}

function toPicture(header: Header, rows: Uint8Array, { colors, alphas }: Palette): Picture {
  const { width, height, depth, colorType, samples } = header;
  const rowBytes = rows.length / height;
  const channels = isColorType(colorType) ? 3 : 1;
  const pixels = new Uint8Array(width * height * channels);
  const largest = 2 ** Math.min(8, depth) - 1;
  const sample = (y: number, index: number): number => sampleIn(rows, y * rowBytes, index, depth);
  for (let y = 0, at = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      if (colorType === PALETTE) {
        const index = sample(y, x);
        if (3 * index + 2 >= colors.length) throw damaged(`its palette has no color ${index}`);
        for (let c = 0; c < 3; c++)
          pixels[at++] = onWhite(colors[3 * index + c], alphas[index] ?? 255);
        continue;
      }
      const alpha = samples % 2 === 0 ? sample(y, (x + 1) * samples - 1) : 255;
      for (let c = 0; c < channels; c++)
        pixels[at++] = onWhite((sample(y, x * samples + c) * 255) / largest, alpha);
    }
  }
  return { width, height, channels, pixels };
}

/** A sample of a row. Of 16 bits, the upper 8. */
function sampleIn(rows: Uint8Array, rowStart: number, index: number, depth: number): number {
  if (depth >= 8) return rows[rowStart + index * (depth / 8)];
  const bit = index * depth;
  return (rows[rowStart + (bit >> 3)] >> (8 - depth - (bit & 7))) & (2 ** depth - 1);
}

const onWhite = (value: number, alpha: number): number =>
  alpha === 255 ? value : Math.round(255 + ((value - 255) * alpha) / 255);

const damaged = (reason: string) =>
  pictureError(`it is damaged: ${reason}. Get or save the file again`);
