/** A field of a message in the encoding of Protocol Buffers. */
export type Field = { readonly number: number; readonly value: bigint | Uint8Array };

/** The fields of a protobuf message. Numbers of four and eight bytes stay bytes. */
export function fieldsOf(message: Uint8Array): Field[] {
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

export const bytesIn = (fields: readonly Field[], number: number): Uint8Array | undefined => {
  const value = fields.find((field) => field.number === number)?.value;
  return value instanceof Uint8Array ? value : undefined;
};

export const textOf = (bytes: Uint8Array) =>
  new TextDecoder('utf-8', { fatal: true }).decode(bytes);
