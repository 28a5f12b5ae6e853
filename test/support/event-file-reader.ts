/*
 * Reads TensorBoard's event files. Written from the formats' descriptions, and sharing nothing with
 * the code that writes them: the check is computed bit by bit, and protobuf by a general reader.
 */

import { bytesIn, type Field, fieldsOf, textOf } from './protobuf-reader.ts';

export interface ReadEvent {
  readonly wallTime: number;
  readonly step: number;
  readonly version: string | undefined;
  readonly values: Readonly<Record<string, number>>;
}

/** Throws an error if a check is wrong, or a record is cut short. */
export function readEvents(file: Uint8Array): ReadEvent[] {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const events: ReadEvent[] = [];
  for (let at = 0; at < file.length; ) {
    const length = Number(view.getBigUint64(at, true));
    assertCheck(file.subarray(at, at + 8), view.getUint32(at + 8, true));
    const data = file.subarray(at + 12, at + 12 + length);
    assertCheck(data, view.getUint32(at + 12 + length, true));
    events.push(eventOf(fieldsOf(data)));
    at += length + 16;
  }
  return events;
}

function assertCheck(bytes: Uint8Array, masked: number): void {
  const rotated = (masked - 0xa282ead8) >>> 0;
  const found = ((rotated >>> 17) | (rotated << 15)) >>> 0;
  const right = bitwiseCrc32c(bytes);
  if (found !== right) throw new Error(`the check is ${found} instead of ${right}`);
}

/** CRC-32C by division, a bit at a time. */
export function bitwiseCrc32c(bytes: Uint8Array): number {
  let rest = 0xffffffffn;
  for (const byte of bytes) {
    rest ^= BigInt(byte);
    for (let bit = 0; bit < 8; bit++) rest = (rest >> 1n) ^ ((rest & 1n) * 0x82f63b78n);
  }
  return Number(rest ^ 0xffffffffn);
}

const viewOf = (bytes: Uint8Array) =>
  new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);

function eventOf(fields: readonly Field[]): ReadEvent {
  const wallTime = bytesIn(fields, 1);
  if (!wallTime) throw new Error('the event has no time');
  const step = fields.find(({ number }) => number === 2)?.value ?? 0n;
  const version = bytesIn(fields, 3);
  const summary = bytesIn(fields, 5);
  const values: Record<string, number> = {};
  for (const { number, value } of summary ? fieldsOf(summary) : []) {
    if (number !== 1 || !(value instanceof Uint8Array)) throw new Error('the summary is strange');
    const inner = fieldsOf(value);
    const [tag, simple] = [bytesIn(inner, 1), bytesIn(inner, 2)];
    if (!tag || !simple || simple.length !== 4) throw new Error('the value is strange');
    values[textOf(tag)] = viewOf(simple).getFloat32(0, true);
  }
  return {
    wallTime: viewOf(wallTime).getFloat64(0, true),
    step: Number(step),
    version: version && textOf(version),
    values,
  };
}
