import type { Engine } from '../shared/engine/engine.ts';
import { travellingPart } from '../shared/protocol/chunks.ts';
import { bytesOf } from '../shared/protocol/codec.ts';
import { createFramePool } from '../shared/protocol/frame-pool.ts';
import { CHUNK_BYTES_MAX } from '../shared/protocol/limits.ts';
import type { Workload } from '../shared/workload.ts';

/** The parameters of one step, encoded once: the same bytes go to every worker. */
export interface Broadcast {
  readonly step: number;
  /** Encodes what chunks are in the first `length` of the parameters and are not encoded yet. */
  encode(parameters: Float32Array, length: number): void;
  /**
   * Hands the frames that there are, from `first` on, to `send`, which calls `onSent` when it has no more use for one.
   * Returns how many there are.
   */
  sendTo(first: number, send: (frame: Uint8Array, onSent: () => void) => void): number;
  /** There are no further receivers: as soon as the present ones have them, the frames go back to the pool. */
  end(): void;
}

/** Makes one broadcast after the other, in memory that is used again. */
export function createBroadcaster(
  { allocate, kernels }: Pick<Engine, 'allocate' | 'kernels'>,
  { parameterCount, narrowParameterCount }: Pick<Workload, 'parameterCount' | 'narrowParameterCount'>,
): (step: number, chunkBytes: number) => Broadcast {
  const pool = createFramePool();
  const isNarrow = narrowParameterCount > 0;
  const valueBytes = isNarrow ? 2 : Float32Array.BYTES_PER_ELEMENT;
  const packed = isNarrow ? allocate(Math.min(CHUNK_BYTES_MAX / valueBytes, parameterCount)) : undefined;

  /** The bytes of some parameters as they travel; a view that is good until the next call. */
  function pack(values: Float32Array): Uint8Array {
    if (!packed) return bytesOf(values);
    const copy = packed.subarray(0, values.length);
    copy.set(values);
    kernels.narrow(copy);
    return travellingPart(copy, copy.length);
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
