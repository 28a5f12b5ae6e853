import { crc32, deflateSync } from 'node:zlib';

const SIGNATURE = Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a);

export function pngChunk(type: string, data: Uint8Array): Uint8Array {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  const chunk = Buffer.alloc(body.length + 8);
  chunk.writeUInt32BE(data.length);
  body.copy(chunk, 4);
  chunk.writeUInt32BE(crc32(body), body.length + 4);
  return chunk;
}

export interface PngParts {
  readonly width: number;
  readonly height: number;
  /** 0 gray, 2 color, 3 palette, 4 gray and alpha, 6 color and alpha. */
  readonly colorType?: number;
  readonly depth?: number;
  readonly interlaced?: number;
  /** Each row with its filter before it. */
  readonly filteredRows: Uint8Array;
  /** Chunks between the header and the data. */
  readonly before?: readonly Uint8Array[];
}

/** A PNG file from its parts, which need not fit each other. */
export function pngFile(parts: PngParts): Uint8Array {
  const { width, height, colorType = 0, depth = 8, interlaced = 0 } = parts;
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width);
  header.writeUInt32BE(height, 4);
  header.set([depth, colorType, 0, 0, interlaced], 8);
  const packed = deflateSync(parts.filteredRows);
  const half = packed.length >> 1;
  return Buffer.concat([
    SIGNATURE,
    pngChunk('IHDR', header),
    ...(parts.before ?? []),
    pngChunk('IDAT', packed.subarray(0, half)),
    pngChunk('IDAT', packed.subarray(half)),
    pngChunk('IEND', new Uint8Array()),
  ]);
}

/** A gray PNG file of [height, width] pixels. */
export function grayPng(height: number, width: number, pixels: Uint8Array): Uint8Array {
  const rows = Array.from({ length: height }, (_, y) => [
    0,
    ...pixels.subarray(y * width, (y + 1) * width),
  ]);
  return pngFile({ width, height, filteredRows: Uint8Array.from(rows.flat()) });
}
