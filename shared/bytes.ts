/**
 * The bytes of `values`, as a view. They are little-endian, like the wire, the checkpoint, and
 * every machine that we run on.
 */
export function bytesOf(values: ArrayBufferView): Uint8Array {
  return new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
}

/** The values of little-endian bytes, as a copy. Bytes after the last whole value are ignored. */
export function floatsOf(bytes: Uint8Array): Float32Array {
  // `slice` of a Buffer is no copy.
  return new Float32Array(new Uint8Array(bytes).buffer, 0, Math.floor(bytes.length / 4));
}

/** Whether two vectors have the same length and the same bits, also those of NaN and -0. */
export function areSameBits(a: Float32Array, b: Float32Array): boolean {
  const [ownWords, otherWords] = [wordsOf(a), wordsOf(b)];
  return (
    ownWords.length === otherWords.length && ownWords.every((word, i) => word === otherWords[i])
  );
}

function wordsOf(values: Float32Array): Uint32Array {
  return new Uint32Array(values.buffer, values.byteOffset, values.length);
}
