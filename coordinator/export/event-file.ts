import { crc32c } from './crc32c.ts';

/*
 * TensorBoard's event files: records, each of them an `Event` in protobuf's encoding.
 *
 *   record    u64 length | u32 check of these 8 bytes | `length` bytes | u32 check of them
 *   Event     1: double wall_time   2: int64 step   3: string file_version   5: Summary
 *   Summary   1: repeated Value
 *   Value     1: string tag         2: float simple_value
 *
 * All numbers are little-endian. Sources: `record_writer.cc`, `event.proto` and `summary.proto` of
 * TensorFlow.
 */

/** Numbers of one moment. */
export interface ScalarEvent {
  /** In seconds since 1970. */
  readonly wallTime: number;
  readonly step: number;
  /** The values by their tags. TensorBoard shows a tag as a chart, and keeps 32 bits of a value. */
  readonly values: Readonly<Record<string, number>>;
}

/** The first record of a file. TensorBoard takes no other file. */
export function versionRecord(wallTime: number): Uint8Array {
  const event: Bytes = [];
  putDouble(event, 1, wallTime);
  putBytes(event, 3, Buffer.from('brain.Event:2'));
  return record(event);
}

export function scalarRecord({ wallTime, step, values }: ScalarEvent): Uint8Array {
  const summary: Bytes = [];
  for (const [tag, number] of Object.entries(values)) {
    const value: Bytes = [];
    putBytes(value, 1, Buffer.from(tag));
    putFloat(value, 2, number);
    putBytes(summary, 1, value);
  }
  const event: Bytes = [];
  putDouble(event, 1, wallTime);
  putVarint(event, 2, step);
  putBytes(event, 5, summary);
  return record(event);
}

const CHECK_BYTES = 4;
const HEADER_BYTES = 8 + CHECK_BYTES;

function record(data: Bytes): Uint8Array {
  const bytes = Buffer.alloc(HEADER_BYTES + data.length + CHECK_BYTES);
  bytes.writeBigUInt64LE(BigInt(data.length));
  bytes.writeUInt32LE(maskedCheck(bytes.subarray(0, 8)), 8);
  bytes.set(data, HEADER_BYTES);
  bytes.writeUInt32LE(maskedCheck(bytes.subarray(HEADER_BYTES, -CHECK_BYTES)), bytes.length - 4);
  return bytes;
}

/** A check that differs from the plain one, because the data may contain plain ones. */
function maskedCheck(bytes: Uint8Array): number {
  const crc = crc32c(bytes);
  return (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0;
}

/** A message of protobuf, byte by byte. */
type Bytes = number[];

/** The wire types of protobuf. */
const VARINT = 0;
const EIGHT_BYTES = 1;
const LENGTH_AND_BYTES = 2;
const FOUR_BYTES = 5;

/** The key of a field. All field numbers here fit into a byte with it. */
const keyOf = (field: number, wireType: number): number => (field << 3) | wireType;

function putVarint(into: Bytes, field: number, value: number): void {
  into.push(keyOf(field, VARINT));
  pushVarint(into, value);
}

/** Seven bits a byte, the lowest first. All bytes but the last have the highest bit set. */
function pushVarint(into: Bytes, value: number): void {
  let rest = value;
  // Not by bit operations, which know 32 bits only.
  for (; rest > 127; rest = Math.floor(rest / 128)) into.push((rest % 128) + 128);
  into.push(rest);
}

const scratch = new DataView(new ArrayBuffer(8));

function putDouble(into: Bytes, field: number, value: number): void {
  scratch.setFloat64(0, value, true);
  into.push(keyOf(field, EIGHT_BYTES));
  for (let i = 0; i < 8; i++) into.push(scratch.getUint8(i));
}

function putFloat(into: Bytes, field: number, value: number): void {
  scratch.setFloat32(0, value, true);
  into.push(keyOf(field, FOUR_BYTES));
  for (let i = 0; i < 4; i++) into.push(scratch.getUint8(i));
}

function putBytes(
  into: Bytes,
  field: number,
  content: Iterable<number> & { length: number },
): void {
  into.push(keyOf(field, LENGTH_AND_BYTES));
  pushVarint(into, content.length);
  for (const byte of content) into.push(byte);
}
