/*
 * Messages of Protocol Buffers, as TensorBoard and ONNX read them. A message is the sequence of its
 * fields. Each field is a key (field number and wire type) and a value. A field that repeats is
 * there several times. Format: https://protobuf.dev/programming-guides/encoding.
 */

const VARINT = 0;
const EIGHT_BYTES = 1;
const LENGTH_AND_BYTES = 2;
const FOUR_BYTES = 5;

/** A message, from its fields. */
export const message = (...fields: readonly Uint8Array[]): Uint8Array => Buffer.concat(fields);

/** An integer from 0 to 2⁵³ - 1, a boolean or a choice. */
export const integerField = (field: number, value: number): Uint8Array =>
  message(keyOf(field, VARINT), varint(value));

export function doubleField(field: number, value: number): Uint8Array {
  const bytes = Buffer.alloc(8);
  bytes.writeDoubleLE(value);
  return message(keyOf(field, EIGHT_BYTES), bytes);
}

export function floatField(field: number, value: number): Uint8Array {
  const bytes = Buffer.alloc(4);
  bytes.writeFloatLE(value);
  return message(keyOf(field, FOUR_BYTES), bytes);
}

/** Bytes, a text or a message. */
export function bytesField(field: number, content: Uint8Array | string): Uint8Array {
  const bytes = typeof content === 'string' ? Buffer.from(content) : content;
  return message(keyOf(field, LENGTH_AND_BYTES), varint(bytes.length), bytes);
}

const keyOf = (field: number, wireType: number): Uint8Array => varint(field * 8 + wireType);

/** Seven bits a byte, the lowest first. All bytes but the last have the highest bit set. */
function varint(value: number): Uint8Array {
  const bytes: number[] = [];
  let rest = value;
  // Not by bit operations, which know 32 bits only.
  for (; rest > 127; rest = Math.floor(rest / 128)) bytes.push((rest % 128) + 128);
  bytes.push(rest);
  return Uint8Array.from(bytes);
}
