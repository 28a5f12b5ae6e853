import { encodeFrame } from './codec.ts';
import { CHUNK_BYTES_MAX } from './limits.ts';
import type { CoordinatorMessage, WorkerMessage } from './messages.ts';

/** What a message with a chunk needs beside the chunk, generously. */
const HEADER_BYTES = 256;
const BUFFER_BYTES = CHUNK_BYTES_MAX + HEADER_BYTES;

/** Encodes frames with payloads into buffers that are used again: fresh memory costs more than what is put into it. */
export interface FramePool {
  /** As `encodeFrame`; the frame is the caller's until it is released. */
  encode(message: WorkerMessage | CoordinatorMessage, values: Float32Array): Uint8Array;
  /** Takes a frame back, once; nobody may read it any more. */
  release(frame: Uint8Array): void;
}

export function createFramePool(): FramePool {
  const free: ArrayBuffer[] = [];
  const allocate = (length: number): Uint8Array<ArrayBuffer> =>
    length > BUFFER_BYTES
      ? new Uint8Array(length)
      : new Uint8Array(free.pop() ?? new ArrayBuffer(BUFFER_BYTES), 0, length);
  return {
    encode: (message, values) => encodeFrame(message, values, allocate),
    release({ buffer }) {
      if (buffer instanceof ArrayBuffer && buffer.byteLength === BUFFER_BYTES) free.push(buffer);
    },
  };
}
