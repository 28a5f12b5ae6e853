/** The bytes of any buffer as hexadecimal digits, two per byte. */
export const hexOf = ({ buffer, byteOffset, byteLength }: ArrayBufferView): string =>
  Array.from(new Uint8Array(buffer, byteOffset, byteLength), (byte) =>
    byte.toString(16).padStart(2, '0'),
  ).join('');

/** The bits of an f32 as eight digits, the sign first. Every NaN is `nan`. */
export const bitsOf = (value: number): string =>
  Number.isNaN(value) ? 'nan' : hexOf(new DataView(swapped(value)));

function swapped(value: number): ArrayBuffer {
  const view = new DataView(new ArrayBuffer(4));
  view.setFloat32(0, value);
  return view.buffer;
}

/** A vector on the wire: little-endian values. */
export const vectorHex = (values: Float32Array): string => hexOf(Float32Array.from(values));

export const bytesFromHex = (hex: string): Uint8Array =>
  Uint8Array.from(hex.match(/../g) ?? [], (byte) => Number.parseInt(byte, 16));
