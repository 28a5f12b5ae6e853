import { pictureError } from './picture.ts';

/*
 * NPY, the format of NumPy's `save`:
 *
 *   0x93 "NUMPY" | version | 0 | length of the header, u16 (version 1) or u32 | header | values
 *
 * The header is a Python dictionary with three entries, such as
 * {'descr': '|u1', 'fortran_order': False, 'shape': (28, 28), }.
 */

const MAGIC = Uint8Array.of(0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59);
const HEADER_BYTES_MAX = 2 ** 16;

export const isNpy = (file: Uint8Array): boolean => MAGIC.every((byte, i) => file[i] === byte);

/** An array of images in bytes. */
export interface NpyArray {
  readonly shape: readonly number[];
  readonly values: Uint8Array;
}

/**
 * Reads an array of bytes, or of numbers from 0 to 1, which become bytes. Throws a `DATA` error,
 * which does not name the file.
 */
export function parseNpy(file: Uint8Array): NpyArray {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const isFirst = file[6] === 1;
  const start = isFirst ? 10 : 12;
  if (file.length < start) throw pictureError('it is cut short: save the array again');
  const headerBytes = isFirst ? view.getUint16(8, true) : view.getUint32(8, true);
  if (headerBytes > HEADER_BYTES_MAX || start + headerBytes > file.length)
    throw pictureError('its header is cut short: save the array again');
  const header = Buffer.from(file.subarray(start, start + headerBytes)).toString('latin1');
  const type = /'descr': *'([^']*)'/.exec(header)?.[1] ?? '';
  const shape = shapeIn(header);
  if (/'fortran_order': *True/.test(header))
    throw pictureError('its order is that of Fortran: save numpy.ascontiguousarray(array)');
  const values = valuesOf(type, file.subarray(start + headerBytes));
  if (values.length !== shape.reduce((product, extent) => product * extent, 1))
    throw pictureError(
      `its shape is (${shape}), but it has ${values.length} values: save it again`,
    );
  return { shape, values };
}

function shapeIn(header: string): number[] {
  const text = /'shape': *\(([\d, ]*)\)/.exec(header)?.[1];
  if (text === undefined) throw pictureError('its header has no shape: save the array again');
  return text.split(',').flatMap((part) => (part.trim() === '' ? [] : [Number(part)]));
}

function valuesOf(type: string, data: Uint8Array): Uint8Array {
  if (type === '|u1') return data;
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  if (type === '<f4')
    return bytesFrom(Math.floor(data.length / 4), (i) => view.getFloat32(4 * i, true));
  if (type === '<f8')
    return bytesFrom(Math.floor(data.length / 8), (i) => view.getFloat64(8 * i, true));
  throw pictureError(
    `its values have the type ${JSON.stringify(type)}: save array.astype("uint8"), from 0 to 255`,
  );
}

function bytesFrom(length: number, valueAt: (index: number) => number): Uint8Array {
  return Uint8Array.from({ length }, (_, i) => {
    const value = valueAt(i);
    if (value >= 0 && value <= 1) return Math.round(value * 255);
    throw pictureError(
      `value ${i} is ${value}, not from 0 to 1: save bytes from 0 to 255, or divide by 255`,
    );
  });
}
