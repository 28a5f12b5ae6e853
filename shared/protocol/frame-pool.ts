import { assert } from '../assert.ts';
import { encodeFrame } from './codec.ts';
import type { CoordinatorMessage, WorkerMessage } from './messages.ts';

/** Buffers are a multiple of this long, so that frames of one kind fit the same ones whatever their headers say. */
const BUFFER_STEP_BYTES = 4096;

/** Encodes frames with payloads into buffers that are used again: fresh memory costs more than what is put into it. */
export interface FramePool {
  /** As `encodeFrame`; the frame is the caller's until it is released. */
  encode(message: WorkerMessage | CoordinatorMessage, payload: Uint8Array): Uint8Array;
  /** Takes a frame back, once; nobody may read it any more. */
  release(frame: Uint8Array): void;
}

export function createFramePool(): FramePool {
  /** By length. */
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
