import { ProtocolError } from '../errors.ts';
import { bytesOf } from './codec.ts';
import { CHUNK_BYTES_MAX } from './limits.ts';

const CHUNK_LENGTH = CHUNK_BYTES_MAX / Float32Array.BYTES_PER_ELEMENT;

/** The chunks in which a vector travels: views of it, each with the index of its first value. */
export function* chunksOf(vector: Float32Array): Generator<{ offset: number; values: Float32Array }> {
  for (let offset = 0; offset < vector.length; offset += CHUNK_LENGTH) {
    yield { offset, values: vector.subarray(offset, offset + CHUNK_LENGTH) };
  }
}

/**
 * Copies a chunk's payload to its place in `target`, of which the first `received` values are there already.
 * Returns how many are there now. Throws {@link ProtocolError} if the chunk is not the next one or does not fit.
 */
export function placeChunk(
  target: Float32Array,
  received: number,
  offset: number,
  payload: Uint8Array,
): number {
  const end = offset + payload.length / Float32Array.BYTES_PER_ELEMENT;
  if (offset !== received || end > target.length) {
    throw new ProtocolError(
      `chunk of values ${offset} to ${end} does not follow the ${received} of ${target.length} received`,
    );
  }
  bytesOf(target).set(payload, offset * Float32Array.BYTES_PER_ELEMENT);
  return end;
}
