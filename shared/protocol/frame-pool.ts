import { assert } from '../assert.ts';
import { encodeFrame } from './codec.ts';
import type { CoordinatorMessage, WorkerMessage } from './messages.ts';

/**
 * The length of a buffer is a multiple of this. So all frames of one kind fit into the same
 * buffers, although the lengths of their headers differ a little.
 */
const BUFFER_STEP_BYTES = 4096;

/**
 * Encodes frames with payloads into buffers that are used again. To write into new memory would
 * cost more than the encoding.
 */
export interface FramePool {
  /** Works like `encodeFrame`. The caller owns the frame until it is released. */
  encode(message: WorkerMessage | CoordinatorMessage, payload: Uint8Array): Uint8Array;
  /** Takes a frame back, once. From then on, nobody may read the frame. */
  release(frame: Uint8Array): void;
}

export function createFramePool(): FramePool {
  /** Free buffers, by length. */
  const free = new Map<number, ArrayBuffer[]>();
  const allocate = (length: number): Uint8Array<ArrayBuffer> => {
    const byteCount = Math.ceil(length / BUFFER_STEP_BYTES) * BUFFER_STEP_BYTES;
    return new Uint8Array(free.get(byteCount)?.pop() ?? new ArrayBuffer(byteCount), 0, length);
  };
  return {
    encode: (message, payload) => encodeFrame(message, payload, allocate),
    release({ buffer }) {
      assert(buffer instanceof ArrayBuffer, 'a frame is not shared memory');
      const others = free.get(buffer.byteLength);
      if (others) others.push(buffer);
      else free.set(buffer.byteLength, [buffer]);
    },
  };
}
