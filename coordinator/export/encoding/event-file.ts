import { crc32c } from './crc32c.ts';
import { bytesField, doubleField, floatField, integerField, message } from './protobuf.ts';

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
export const versionRecord = (wallTime: number): Uint8Array =>
  record(message(doubleField(1, wallTime), bytesField(3, 'brain.Event:2')));

export function scalarRecord({ wallTime, step, values }: ScalarEvent): Uint8Array {
  const scalars = Object.entries(values).map(([tag, number]) =>
    bytesField(1, message(bytesField(1, tag), floatField(2, number))),
  );
  return record(
    message(doubleField(1, wallTime), integerField(2, step), bytesField(5, message(...scalars))),
  );
}

const CHECK_BYTES = 4;
const HEADER_BYTES = 8 + CHECK_BYTES;

function record(data: Uint8Array): Uint8Array {
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
