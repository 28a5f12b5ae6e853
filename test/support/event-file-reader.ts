/*
 * Reads TensorBoard's event files. Written from the formats' descriptions, and sharing nothing with
 * the code that writes them: the check is computed bit by bit, and protobuf by a general reader.
 */

export interface ReadEvent {
  readonly wallTime: number;
  readonly step: number;
  readonly version: string | undefined;
  readonly values: Readonly<Record<string, number>>;
}

type Field = { readonly number: number; readonly value: bigint | Uint8Array };

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

/** The fields of a protobuf message. Numbers of four and eight bytes stay bytes. */
function fieldsOf(message: Uint8Array): Field[] {
  const fields: Field[] = [];
  let at = 0;
  const varint = () => {
    let value = 0n;
    for (let shift = 0n; ; shift += 7n) {
      const byte = message[at++];
      if (byte === undefined) throw new Error('a number is cut short');
      value |= BigInt(byte & 127) << shift;
      if (byte < 128) return value;
    }
  };
  const bytes = (length: number) => {
    at += length;
    if (at > message.length) throw new Error('a field is cut short');
    return message.subarray(at - length, at);
  };
  while (at < message.length) {
    const key = Number(varint());
    const number = key >> 3;
    const wireType = key & 7;
    if (wireType === 0) fields.push({ number, value: varint() });
    else if (wireType === 1) fields.push({ number, value: bytes(8) });
    else if (wireType === 2) fields.push({ number, value: bytes(Number(varint())) });
    else if (wireType === 5) fields.push({ number, value: bytes(4) });
    else throw new Error(`no such wire type: ${wireType}`);
  }
  return fields;
}

const bytesIn = (fields: readonly Field[], number: number): Uint8Array | undefined => {
  const value = fields.find((field) => field.number === number)?.value;
  return value instanceof Uint8Array ? value : undefined;
};
const viewOf = (bytes: Uint8Array) =>
  new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
const textOf = (bytes: Uint8Array) => new TextDecoder('utf-8', { fatal: true }).decode(bytes);

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
