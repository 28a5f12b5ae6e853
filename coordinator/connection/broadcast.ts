import { bytesOf } from '../../shared/bytes.ts';
import type { Engine } from '../../shared/engine/engine.ts';
import { wireBytesOf } from '../../shared/protocol/chunks.ts';
import { createFramePool } from '../../shared/protocol/frame-pool.ts';
import { CHUNK_BYTES_MAX } from '../../shared/protocol/limits.ts';
import type { Workload } from '../../shared/round/workload.ts';

/** The parameters of one step. They are encoded once, and every worker gets the same bytes. */
export interface Broadcast {
  readonly step: number;
  /** Encodes the chunks that lie within the first `length` parameters and are not encoded yet. */
  encode(parameters: Float32Array, length: number): void;
  /**
   * Hands the frames encoded so far to `send`, from index `first` on. `send` must call `onSent`
   * once it no longer needs the frame. Returns the number of frames encoded so far.
   */
  sendTo(first: number, send: (frame: Uint8Array, onSent: () => void) => void): number;
  /**
   * Ends the broadcast: no further worker receives it. Once all sent frames are no longer needed,
   * they return to the pool.
   */
  end(): void;
}

/**
 * Returns a function that creates a step's broadcast, in chunks of `chunkBytes`. All broadcasts
 * reuse the same memory.
 */
export function createBroadcaster(
  { allocate, kernels }: Pick<Engine, 'allocate' | 'kernels'>,
  {
    parameterCount,
    bfloat16ParameterCount,
  }: Pick<Workload, 'parameterCount' | 'bfloat16ParameterCount'>,
): (step: number, chunkBytes: number) => Broadcast {
  const pool = createFramePool();
  const isBfloat16 = bfloat16ParameterCount > 0;
  const valueBytes = isBfloat16 ? 2 : Float32Array.BYTES_PER_ELEMENT;
  const packed = isBfloat16
    ? allocate(Math.min(CHUNK_BYTES_MAX / valueBytes, parameterCount))
    : undefined;

  /** The bytes of parameters in the wire format: a view that is valid until the next call. */
  function pack(values: Float32Array): Uint8Array {
    if (!packed) return bytesOf(values);
    const copy = packed.subarray(0, values.length);
    copy.set(values);
    kernels.packBfloat16(copy);
    return wireBytesOf(copy, copy.length);
  }

  return (step, chunkBytes) => {
    const chunkLength = chunkBytes / valueBytes;
    const frames: Uint8Array[] = [];
    let encoded = 0;
    let pendingCount = 0;
    let isOver = false;
    const releaseIfDone = () => {
      if (!isOver || pendingCount > 0) return;
      frames.forEach(pool.release);
      frames.length = 0;
    };
    return {
      step,
      encode(parameters, length) {
        for (let end = encoded; encoded < parameterCount; encoded = end) {
          end = Math.min(encoded + chunkLength, parameterCount);
          if (end > length) return;
          const message = { type: 'parameters', step, offset: encoded * valueBytes } as const;
          frames.push(pool.encode(message, pack(parameters.subarray(encoded, end))));
        }
      },
      sendTo(first, send) {
        pendingCount += frames.length - first;
        for (const frame of frames.slice(first)) {
          send(frame, () => {
            pendingCount--;
            releaseIfDone();
          });
        }
        return frames.length;
      },
      end() {
        isOver = true;
        releaseIfDone();
      },
    };
  };
}
