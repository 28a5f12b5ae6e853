import { LockstepError } from '../errors.ts';

/** A file in the IDX format of unsigned bytes: dimensions, and the values as a view of the file's bytes. */
export interface IdxTensor {
  readonly shape: readonly number[];
  readonly values: Uint8Array;
}

const UNSIGNED_BYTE = 0x08;

/**
 * Reads an IDX file: two zero bytes, the element type, the number of dimensions, each dimension as a big-endian
 * u32, then the values. Format: Y. LeCun, C. Cortes, C. Burges, "The MNIST database of handwritten digits".
 *
 * `name` is for messages. Throws a `DATA` error unless the bytes are exactly a tensor of `dimensionCount`
 * dimensions of unsigned bytes.
 */
export function parseIdx(bytes: Uint8Array, dimensionCount: number, name: string): IdxTensor {
  const headerLength = 4 + 4 * dimensionCount;
  if (bytes.length < headerLength) {
    throw new LockstepError(
      'DATA',
      `${name}: ${bytes.length} bytes are too few for an IDX file: get it again.`,
    );
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const magic = view.getUint32(0);
  const expected = (UNSIGNED_BYTE << 8) | dimensionCount;
  if (magic !== expected) {
    throw new LockstepError(
      'DATA',
      `${name}: begins with 0x${hex(magic)}, an IDX file of ${dimensionCount} dimensions of bytes with ` +
        `0x${hex(expected)}: is it the right file?`,
    );
  }
  const shape = Array.from({ length: dimensionCount }, (_, i) => view.getUint32(4 + 4 * i));
  const valueCount = shape.reduce((product, extent) => product * extent, 1);
  if (bytes.length !== headerLength + valueCount) {
    throw new LockstepError(
      'DATA',
      `${name}: its header announces ${shape.join(' × ')} = ${valueCount} values, but ` +
        `${bytes.length - headerLength} follow: get it again.`,
    );
  }
  // Not `subarray`, which would make a Buffer of a Buffer, and those are slow to take views of.
  const values = new Uint8Array(bytes.buffer, bytes.byteOffset + headerLength, valueCount);
  return { shape, values };
}

const hex = (value: number): string => value.toString(16).padStart(8, '0');
