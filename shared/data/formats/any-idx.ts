import { LockstepError } from '../../errors.ts';
import type { NpyArray, NpyValues } from './npy.ts';

interface Type {
  readonly bytes: number;
  create(count: number): NpyValues;
  read(view: DataView, at: number): number;
}

const int32 = (count: number) => new Int32Array(count);

/** The types of IDX, all big-endian. */
const TYPES: Readonly<Record<number, Type>> = {
  8: { bytes: 1, create: (count) => new Uint8Array(count), read: (view, at) => view.getUint8(at) },
  9: { bytes: 1, create: int32, read: (view, at) => view.getInt8(at) },
  11: { bytes: 2, create: int32, read: (view, at) => view.getInt16(at) },
  12: { bytes: 4, create: int32, read: (view, at) => view.getInt32(at) },
  13: {
    bytes: 4,
    create: (count) => new Float32Array(count),
    read: (view, at) => view.getFloat32(at),
  },
  14: {
    bytes: 8,
    create: (count) => new Float64Array(count),
    read: (view, at) => view.getFloat64(at),
  },
};

/** Reads an IDX file of any type and number of dimensions. Throws a `DATA` error. */
export function parseAnyIdx(file: Uint8Array, name: string): NpyArray {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const type = file[0] === 0 && file[1] === 0 ? TYPES[file[2]] : undefined;
  const start = 4 + 4 * file[3];
  if (!type || !(file.length >= start))
    throw new LockstepError('DATA', `${name} is no IDX file: check that it is the right one.`);
  const shape = Array.from({ length: file[3] }, (_, i) => view.getUint32(4 + 4 * i));
  const count = shape.reduce((product, extent) => product * extent, 1);
  if (file.length !== start + count * type.bytes)
    throw new LockstepError(
      'DATA',
      `${name}: its header announces ${shape.join(' × ')} values, but ` +
        `${Math.floor((file.length - start) / type.bytes)} follow. Get the file again.`,
    );
  const values = type.create(count);
  for (let i = 0; i < count; i++) values[i] = type.read(view, start + i * type.bytes);
  return { shape, values };
}
