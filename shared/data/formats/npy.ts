import { LockstepError } from '../../errors.ts';

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

/** Numbers in memory. */
export type NpyValues = Uint8Array | Int32Array | Float32Array | Float64Array;

/** An array of numbers. Its values are in the order of C: the last index runs fastest. */
export interface NpyArray {
  readonly shape: readonly number[];
  readonly values: NpyValues;
}

/** An array of texts. */
export interface NpyTexts {
  readonly shape: readonly number[];
  readonly texts: readonly string[];
}

const error = (message: string): LockstepError => new LockstepError('DATA', message);

/**
 * Reads an array of numbers. Bytes are a view of the file, unless they are in Fortran's order.
 * Throws a `DATA` error, which does not name the file.
 */
export function parseNpy(file: Uint8Array): NpyArray {
  const parsed = parseNpyOrTexts(file);
  if ('values' in parsed) return parsed;
  throw error('it holds text, not numbers: save an array of numbers');
}

/** Reads an array of numbers or of texts. Throws a `DATA` error, which does not name the file. */
export function parseNpyOrTexts(file: Uint8Array): NpyArray | NpyTexts {
  const { type, isFortran, shape, data } = parseHeader(file);
  const count = shape.reduce((product, extent) => product * extent, 1);
  const textLength = /^[<|]U(\d+)$/.exec(type)?.[1];
  const valueBytes = textLength === undefined ? bytesOfType(type) : 4 * Number(textLength);
  if (data.length !== count * valueBytes)
    throw error(
      `its shape is (${shape}), but it has ${Math.floor(data.length / valueBytes)} values: save ` +
        'it again',
    );
  if (textLength !== undefined) {
    const texts = textsIn(data, count, valueBytes);
    return { shape, texts: isFortran ? reorder(texts, shape, new Array<string>(count)) : texts };
  }
  const values = valuesOf(type, data, count);
  if (!isFortran || shape.length < 2) return { shape, values };
  const target = new (values.constructor as new (length: number) => NpyValues)(count);
  return { shape, values: reorder(values, shape, target) };
}

function parseHeader(file: Uint8Array) {
  if (!isNpy(file)) throw error('it is no NPY file: save it with numpy.save');
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const isFirst = file[6] === 1;
  const start = isFirst ? 10 : 12;
  if (file.length < start) throw error('it is cut short: save the array again');
  const headerBytes = isFirst ? view.getUint16(8, true) : view.getUint32(8, true);
  if (headerBytes > HEADER_BYTES_MAX || start + headerBytes > file.length)
    throw error('its header is cut short: save the array again');
  const header = new TextDecoder('latin1').decode(file.subarray(start, start + headerBytes));
  const shape = /'shape': *\(([\d, ]*)\)/.exec(header)?.[1];
  if (shape === undefined) throw error('its header has no shape: save the array again');
  return {
    type: /'descr': *'([^']*)'/.exec(header)?.[1] ?? '',
    isFortran: /'fortran_order': *True/.test(header),
    shape: shape.split(',').flatMap((part) => (part.trim() === '' ? [] : [Number(part)])),
    data: file.subarray(start + headerBytes),
  };
}

type Reader = (view: DataView, at: number, isLittle: boolean) => number;

/** The bytes of a value and how it is read, by NumPy's letter and size. */
const READERS: Readonly<Record<string, { bytes: number; read: Reader }>> = {
  b1: { bytes: 1, read: (view, at) => view.getUint8(at) },
  u1: { bytes: 1, read: (view, at) => view.getUint8(at) },
  i1: { bytes: 1, read: (view, at) => view.getInt8(at) },
  u2: { bytes: 2, read: (view, at, isLittle) => view.getUint16(at, isLittle) },
  i2: { bytes: 2, read: (view, at, isLittle) => view.getInt16(at, isLittle) },
  u4: { bytes: 4, read: (view, at, isLittle) => view.getUint32(at, isLittle) },
  i4: { bytes: 4, read: (view, at, isLittle) => view.getInt32(at, isLittle) },
  u8: { bytes: 8, read: (view, at, isLittle) => Number(view.getBigUint64(at, isLittle)) },
  i8: { bytes: 8, read: (view, at, isLittle) => Number(view.getBigInt64(at, isLittle)) },
  f4: { bytes: 4, read: (view, at, isLittle) => view.getFloat32(at, isLittle) },
  f8: { bytes: 8, read: (view, at, isLittle) => view.getFloat64(at, isLittle) },
};

function readerOf(type: string) {
  const reader = READERS[type.slice(1)];
  if (reader && '<>|='.includes(type[0])) return reader;
  const advice = type.includes('O')
    ? 'it holds Python objects: save array.astype("float32"), or texts with array.astype(str)'
    : `its values have the type ${JSON.stringify(type)}: save array.astype("float32")`;
  throw error(advice);
}

const bytesOfType = (type: string): number => readerOf(type).bytes;

function valuesOf(type: string, data: Uint8Array, count: number): NpyValues {
  const name = type.slice(1);
  if (name === 'u1' || name === 'b1')
    return new Uint8Array(data.buffer, data.byteOffset, data.length);
  const { bytes, read } = readerOf(type);
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  const isLittle = type[0] !== '>';
  const values = name === 'f4' ? new Float32Array(count) : narrow(name, count);
  for (let i = 0; i < count; i++) values[i] = read(view, i * bytes, isLittle);
  return values;
}

const narrow = (name: string, count: number) =>
  ['i1', 'i2', 'i4', 'u2'].includes(name) ? new Int32Array(count) : new Float64Array(count);

/** Texts of UTF-32, each of the same length, filled up with zeros. */
function textsIn(data: Uint8Array, count: number, valueBytes: number): string[] {
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  return Array.from({ length: count }, (_, i) => {
    let text = '';
    for (let at = i * valueBytes; at < (i + 1) * valueBytes; at += 4) {
      const point = view.getUint32(at, true);
      if (point !== 0) text += point <= 0x10ffff ? String.fromCodePoint(point) : '\ufffd';
    }
    return text;
  });
}

/** From Fortran's order, where the first index runs fastest, to that of C. */
function reorder<T extends { [index: number]: number | string }>(
  from: T,
  shape: readonly number[],
  to: T,
): T {
  const strides = shape.map((_, axis) =>
    shape.slice(0, axis).reduce((product, extent) => product * extent, 1),
  );
  const index = shape.map(() => 0);
  const count = shape.reduce((product, extent) => product * extent, 1);
  for (let at = 0, source = 0; at < count; at++) {
    to[at] = from[source];
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      index[axis]++;
      source += strides[axis];
      if (index[axis] < shape[axis]) break;
      source -= index[axis] * strides[axis];
      index[axis] = 0;
    }
  }
  return to;
}
