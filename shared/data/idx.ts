import { LockstepError } from '../errors.ts';

/** The content of an IDX file. */
export interface IdxTensor {
  readonly shape: readonly number[];
  /** A view of the file's bytes, or a copy of its larger values. */
  readonly values: Uint8Array | Int32Array | Float32Array;
}

/** The element types that are read, by the byte in the header. IDX is big-endian. */
const TYPES = {
  8: { name: 'u8', read: (bytes: Uint8Array) => bytes },
  12: { name: 'i32', read: (bytes: Uint8Array) => new Int32Array(swapped(bytes)) },
  13: { name: 'f32', read: (bytes: Uint8Array) => new Float32Array(swapped(bytes)) },
} as const;
type TypeCode = keyof typeof TYPES;

/** The bytes of a value, by the element type in the header. */
const VALUE_BYTES: Readonly<Record<number, number>> = { 8: 1, 9: 1, 11: 2, 12: 4, 13: 4, 14: 8 };

/** The type of the values and the number of dimensions that an IDX file may have. */
export type IdxForm = readonly [type: TypeCode, dimensionCount: number];

/** Gray images, color images, rows of a table. */
export const INPUT_FORMS: readonly IdxForm[] = [
  [8, 3],
  [8, 4],
  [13, 2],
];
export const LABEL_FORMS: readonly IdxForm[] = [
  [8, 1],
  [12, 1],
];
export const TARGET_FORMS: readonly IdxForm[] = [[13, 1]];

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
 * `name` is for messages. Throws a `DATA` error unless the bytes are exactly a tensor of one of the
 * `forms`.
 */
export function parseIdx(bytes: Uint8Array, forms: readonly IdxForm[], name: string): IdxTensor {
  if (bytes.length < 4) throw tooShort(bytes, name);
  const magic = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0);
  const form = forms.find((each) => magicOf(each) === magic);
  if (!form) {
    throw new LockstepError(
      'DATA',
      `${name}: begins with 0x${hex(magic)}, but it should be an IDX file with ` +
        `${forms.map(describeForm).join(', or ')}. Check that it is the right file.`,
    );
  }
  const [type, dimensionCount] = form;
  const headerLength = 4 + 4 * dimensionCount;
  if (bytes.length < headerLength) throw tooShort(bytes, name);
  const shape = shapeIn(bytes, dimensionCount);
  const valueCount = shape.reduce(product, 1);
  const followBytes = bytes.length - headerLength;
  if (followBytes !== valueCount * VALUE_BYTES[type]) {
    throw new LockstepError(
      'DATA',
      `${name}: its header announces ${shape.join(' × ')} = ${valueCount} values, but ` +
        `${followBytes / VALUE_BYTES[type]} follow. Get the file again.`,
    );
  }
  // `subarray` of a Buffer is a Buffer again, and views of a Buffer are slow to create.
  const body = new Uint8Array(bytes.buffer, bytes.byteOffset + headerLength, followBytes);
  return { shape, values: TYPES[type].read(body) };
}

const magicOf = ([type, dimensionCount]: IdxForm): number => (type << 8) | dimensionCount;

const describeForm = (form: IdxForm): string =>
  `${TYPES[form[0]].name} values in ${form[1]} ${form[1] === 1 ? 'dimension' : 'dimensions'} ` +
  `(0x${hex(magicOf(form))})`;

const hex = (value: number): string => value.toString(16).padStart(8, '0');

const tooShort = ({ length }: Uint8Array, name: string): LockstepError =>
  new LockstepError(
    'DATA',
    `${name}: ${length} bytes are too few for an IDX file. Get the file again.`,
  );

/** Words of 32 bits from their big-endian bytes, in this machine's order. */
function swapped(bytes: Uint8Array): ArrayBuffer {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const words = new Uint32Array(bytes.length / 4);
  for (let i = 0; i < words.length; i++) words[i] = view.getUint32(4 * i);
  return words.buffer;
}
