import { ProtocolError } from '../errors.ts';
import { bytesOf } from './codec.ts';
import { CHUNK_BYTES_MAX } from './limits.ts';

/**
 * What of a vector's memory travels: all of it; or, where its first values are narrowed in place to 16 bits each, what
 * follows the first half of theirs.
 */
export function travellingPart(vector: Float32Array, narrowLength: number): Uint8Array {
  return bytesOf(vector).subarray(2 * narrowLength);
}

/** The chunks in which a vector's bytes travel: views of it, each with the index of its first byte. */
export function* chunksOf(bytes: Uint8Array): Generator<{ offset: number; chunk: Uint8Array }> {
  for (let offset = 0; offset < bytes.length; offset += CHUNK_BYTES_MAX) {
    yield { offset, chunk: bytes.subarray(offset, offset + CHUNK_BYTES_MAX) };
  }
}

/**
 * Copies a chunk to its place in `target`, of which the first `received` bytes are there already. Returns how many are
 * there now. Throws {@link ProtocolError} if the chunk is not the next one or does not fit.
 */
export function placeChunk(target: Uint8Array, received: number, offset: number, chunk: Uint8Array): number {
  const end = offset + chunk.length;
  if (offset !== received || end > target.length) {
    throw new ProtocolError(
      `chunk of bytes ${offset} to ${end} does not follow the ${received} of ${target.length} received`,
    );
  }
  target.set(chunk, offset);
  return end;
}
