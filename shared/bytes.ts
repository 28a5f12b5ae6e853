/**
 * The bytes of `values`, as a view. They are little-endian, like the wire, the checkpoint, and
 * every machine that we run on.
 */
export function bytesOf(values: Float32Array): Uint8Array {
  return new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
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
