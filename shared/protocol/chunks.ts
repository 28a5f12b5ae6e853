import { ProtocolError } from '../errors.ts';
import { bytesOf } from './codec.ts';
import { CHUNK_BYTES_MAX, NETWORK_CHUNK_BYTES } from './limits.ts';

/** A vector that comes in from its front, by chunks. */
export interface IncomingVector {
  readonly vector: Float32Array;
  /** How many of its first values travel in 16 bits each. */
  readonly narrowLength: number;
  /** How many of the bytes that travel are here. */
  received: number;
}

/**
 * What of a vector's memory travels: all of it; or, where its first values are narrowed in place to 16 bits each, what
 * follows the first half of theirs.
 */
export function travellingPart(vector: Float32Array, narrowLength: number): Uint8Array {
  return bytesOf(vector).subarray(2 * narrowLength);
}

/** The chunks in which a vector's bytes travel: views of it, each with the index of its first byte. */
export function* chunksOf(
  bytes: Uint8Array,
  chunkBytes: number,
): Generator<{ offset: number; chunk: Uint8Array }> {
  for (let offset = 0; offset < bytes.length; offset += chunkBytes) {
    yield { offset, chunk: bytes.subarray(offset, offset + chunkBytes) };
  }
}

/**
 * Copies a chunk to its place. Returns how many of the vector's first values are there now; `widen` makes f32 values of
 * those that came in 16 bits (see `Kernels`). Throws {@link ProtocolError} if the chunk is not the next one or does not fit.
 */
export function placeChunk(
  incoming: IncomingVector,
  offset: number,
  chunk: Uint8Array,
  widen: (values: Float32Array) => void,
): number {
  const { vector, narrowLength, received } = incoming;
  const target = bytesOf(vector);
  const travelling = target.length - 2 * narrowLength;
  const end = offset + chunk.length;
  if (offset !== received || end > travelling) {
    throw new ProtocolError(
      `chunk of bytes ${offset} to ${end} does not follow the ${received} of ${travelling} received`,
    );
  }
  incoming.received = end;
  const narrowBytes = Math.max(0, Math.min(end, 2 * narrowLength) - offset);
  if (narrowBytes > 0) {
    // To the second half of the memory of the values that it holds, where they are widened.
    const values = vector.subarray(offset / 2, (offset + narrowBytes) / 2);
    bytesOf(values).set(chunk.subarray(0, narrowBytes), narrowBytes);
    widen(values);
  }
  target.set(chunk.subarray(narrowBytes), offset + narrowBytes + 2 * narrowLength);
  return end <= 2 * narrowLength ? end / 2 : Math.floor((end + 2 * narrowLength) / 4);
}

/** How long chunks are, in bytes. */
export const chunkBytesFor = (isLocal: boolean): number => (isLocal ? CHUNK_BYTES_MAX : NETWORK_CHUNK_BYTES);

/** Whether all of it is here. */
export const isWhole = ({ vector, narrowLength, received }: IncomingVector): boolean =>
  received === vector.byteLength - 2 * narrowLength;
