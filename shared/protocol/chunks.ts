import { bytesOf } from '../bytes.ts';
import { ProtocolError } from '../errors.ts';
import { CHUNK_BYTES_MAX, NETWORK_CHUNK_BYTES } from './limits.ts';

/*
 * How a vector travels.
 *
 * The problem. A vector may have millions of values. It must not delay a heartbeat, and its
 * receiver wants to use the first values before the last ones arrive. With the wire format `bf16`,
 * the first `bfloat16Length` values are rounded to bfloat16. The lower 16 bits of these f32 values
 * are zero, and need not travel.
 *
 * The rule. The sender packs the upper halves of these values into the second half of the memory
 * that they fill. There they lie directly before the f32 values that follow. So the bytes that
 * travel are contiguous. The sender cuts them into chunks, each with its offset in these bytes.
 *
 * Example. A sum has 4 rounded values (a b c d), then loss (L) and correct count (N) as f32 values.
 * Each letter is 2 bytes. `0` is the lower half of a rounded value. `.` is memory with any content.
 *
 *   sender: byte          0       8       16      24
 *     rounded             0 a 0 b 0 c 0 d L L N N
 *     `packBfloat16`      . . . . a b c d L L N N    packs the first 4 values
 *     `wireBytesOf`               └─────────────┘    the bytes that travel: from byte 2 · 4 on
 *     `chunksOf`                  └───┘ └───┘ └─┘    chunks of 6 bytes, with offsets 0, 6 and 12
 *
 *   receiver: `placeChunk`
 *     offset 0            . . . a b c . . . . . .    to the second half of the first 3 values
 *                         0 a 0 b 0 c . . . . . .    unpacked there: 3 values have arrived
 *     offset 6            0 a 0 b 0 c . d . . . .    d to the second half of its value
 *                         0 a 0 b 0 c 0 d . . . .    unpacked there
 *                         0 a 0 b 0 c 0 d L L . .    L from offset 8 to byte 8 + 2 · 4: 5 values
 *     offset 12           0 a 0 b 0 c 0 d L L N N    the vector is whole
 *
 * `packBfloat16` goes from the last value to the first, `unpackBfloat16` from the first to the
 * last. So they overwrite no value before they have read it, and they need no other memory.
 *
 * If `bfloat16Length` is 0, all bytes of the vector travel, and nothing is packed. The coordinator
 * keeps its parameters as f32 values, so it packs a copy of each chunk. The bytes are the same.
 *
 * Invariants.
 *   1. Chunks arrive in order and without gaps: each begins at `received`.
 *   2. A chunk has an even number of bytes. So no bfloat16 value is split. An f32 value may be.
 */

/** A vector that arrives in chunks, from its front. */
export interface IncompleteVector {
  readonly vector: Float32Array;
  /** How many of its first values travel as bfloat16. */
  readonly bfloat16Length: number;
  /** How many of the traveling bytes have arrived. */
  received: number;
}

/**
 * The bytes of a vector that travel, as a view. The first `bfloat16Length` values must be packed.
 */
export function wireBytesOf(vector: Float32Array, bfloat16Length: number): Uint8Array {
  return bytesOf(vector).subarray(2 * bfloat16Length);
}

/** The chunks of the bytes that travel. They are views, each with the offset of its first byte. */
export function* chunksOf(
  bytes: Uint8Array,
  chunkBytes: number,
): Generator<{ offset: number; chunk: Uint8Array }> {
  for (let offset = 0; offset < bytes.length; offset += chunkBytes) {
    yield { offset, chunk: bytes.subarray(offset, offset + chunkBytes) };
  }
}

/**
 * Copies a chunk to its place in the vector. `unpackBfloat16` makes f32 values of its bfloat16
 * values (see `Kernels`). Returns how many of the vector's first values are there now. Throws a
 * {@link ProtocolError} if the chunk is not the next one or does not fit.
 */
export function placeChunk(
  incoming: IncompleteVector,
  offset: number,
  chunk: Uint8Array,
  unpackBfloat16: (values: Float32Array) => void,
): number {
  const { vector, bfloat16Length, received } = incoming;
  const target = bytesOf(vector);
  const travelling = target.length - 2 * bfloat16Length;
  const end = offset + chunk.length;
  if (offset !== received || end > travelling) {
    throw new ProtocolError(
      `chunk of bytes ${offset} to ${end} does not follow the ${received} of ${travelling} bytes ` +
        'that were received',
    );
  }
  incoming.received = end;
  const bfloat16Bytes = Math.max(0, Math.min(end, 2 * bfloat16Length) - offset);
  if (bfloat16Bytes > 0) {
    // These bytes go to the second half of their values' memory, and are unpacked there.
    const values = vector.subarray(offset / 2, (offset + bfloat16Bytes) / 2);
    bytesOf(values).set(chunk.subarray(0, bfloat16Bytes), bfloat16Bytes);
    unpackBfloat16(values);
  }
  target.set(chunk.subarray(bfloat16Bytes), offset + bfloat16Bytes + 2 * bfloat16Length);
  return end <= 2 * bfloat16Length ? end / 2 : Math.floor((end + 2 * bfloat16Length) / 4);
}

/** The size of chunks, in bytes. */
export const chunkBytesFor = (isLocal: boolean): number =>
  isLocal ? CHUNK_BYTES_MAX : NETWORK_CHUNK_BYTES;

/** Whether all chunks have arrived. */
export const isWhole = ({ vector, bfloat16Length, received }: IncompleteVector): boolean =>
  received === vector.byteLength - 2 * bfloat16Length;
