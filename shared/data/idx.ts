import { LockstepError } from '../errors.ts';

/** The content of an IDX file of unsigned bytes. */
export interface IdxTensor {
  readonly shape: readonly number[];
  /** A view of the file's bytes. */
  readonly values: Uint8Array;
}

const UNSIGNED_BYTE = 0x08;
/** The bytes of a value, by the element type in the header. */
const VALUE_BYTES: Readonly<Record<number, number>> = {
  [UNSIGNED_BYTE]: 1,
  9: 1,
  11: 2,
  12: 4,
  13: 4,
  14: 8,
};

/**
 * The length of the IDX file that begins with these bytes, as its header announces it. Undefined if
 * no IDX file begins so.
 */
export function announcedLength(beginning: Uint8Array): number | undefined {
  const [zero, alsoZero, type, dimensionCount] = beginning;
  const headerLength = 4 + 4 * dimensionCount;
  const valueBytes = VALUE_BYTES[type];
  if (zero !== 0 || alsoZero !== 0 || !valueBytes || beginning.length < headerLength)
    return undefined;
  return headerLength + valueBytes * shapeIn(beginning, dimensionCount).reduce(product, 1);
}

function shapeIn(bytes: Uint8Array, dimensionCount: number): number[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Array.from({ length: dimensionCount }, (_, i) => view.getUint32(4 + 4 * i));
}

const product = (a: number, b: number): number => a * b;

/**
 * Reads an IDX file. It has two zero bytes, the element type, the number of dimensions, each
 * dimension as a big-endian u32, and then the values. Format: Y. LeCun, C. Cortes, C. Burges, "The
 * MNIST database of handwritten digits".
 *
 * `name` is for messages. Throws a `DATA` error unless the bytes are exactly a tensor of unsigned
 * bytes with `dimensionCount` dimensions.
 */
export function parseIdx(bytes: Uint8Array, dimensionCount: number, name: string): IdxTensor {
  const headerLength = 4 + 4 * dimensionCount;
  if (bytes.length < headerLength) {
    throw new LockstepError(
      'DATA',
      `${name}: ${bytes.length} bytes are too few for an IDX file. Get the file again.`,
    );
  }
  const magic = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0);
  const expected = (UNSIGNED_BYTE << 8) | dimensionCount;
  if (magic !== expected) {
    throw new LockstepError(
      'DATA',
      `${name}: begins with 0x${hex(magic)}, but an IDX file of bytes with ${dimensionCount} ` +
        `dimensions begins with 0x${hex(expected)}. Check that it is the right file.`,
    );
  }
  const shape = shapeIn(bytes, dimensionCount);
  const valueCount = shape.reduce(product, 1);
  if (bytes.length !== headerLength + valueCount) {
    throw new LockstepError(
      'DATA',
      `${name}: its header announces ${shape.join(' × ')} = ${valueCount} values, but ` +
        `${bytes.length - headerLength} follow. Get the file again.`,
    );
  }
  // `subarray` of a Buffer is a Buffer again, and views of a Buffer are slow to create.
  const values = new Uint8Array(bytes.buffer, bytes.byteOffset + headerLength, valueCount);
  return { shape, values };
}

const hex = (value: number): string => value.toString(16).padStart(8, '0');
