import type { Engine } from '../shared/engine/engine.ts';
import { chunksOf, travellingPart } from '../shared/protocol/chunks.ts';
import { createFramePool, type FramePool } from '../shared/protocol/frame-pool.ts';
import type { Workload } from '../shared/workload.ts';

/** The parameters of one step, encoded once: the same bytes go to every worker. */
export interface Broadcast {
  /** Hands every frame, in order, to `send`, which calls `onSent` when it has no more use for it. */
  sendTo(send: (frame: Uint8Array, onSent: () => void) => void): void;
  /** There are no further receivers: as soon as the present ones have them, the frames go back to the pool. */
  end(): void;
}

/** `bytes` are those of the parameters, as they travel. */
export function createBroadcast(pool: FramePool, bytes: Uint8Array, step: number): Broadcast {
  const frames = Array.from(chunksOf(bytes), ({ offset, chunk }) =>
    pool.encode({ type: 'parameters', step, offset }, chunk),
  );
  let pendingCount = 0;
  let isOver = false;
  const releaseIfDone = () => {
    if (isOver && pendingCount === 0) frames.forEach(pool.release);
  };
  return {
    sendTo(send) {
      pendingCount += frames.length;
      for (const frame of frames) {
        send(frame, () => {
          pendingCount--;
          releaseIfDone();
        });
      }
    },
    end() {
      isOver = true;
      releaseIfDone();
    },
  };
}

/** Makes one broadcast after the other, in memory that is used again. */
export function createBroadcaster(
  engine: Engine,
  workload: Workload,
): (parameters: Float32Array, step: number) => Broadcast {
  const frames = createFramePool();
  const pack = createPacker(engine, workload);
  return (parameters, step) => createBroadcast(frames, pack(parameters), step);
}

/** Gives the bytes of parameters as they travel: a view that the next call overwrites, or the parameters' own. */
function createPacker(
  engine: Engine,
  { narrowParameterCount, parameterCount }: Workload,
): (parameters: Float32Array) => Uint8Array {
  if (narrowParameterCount === 0) return (parameters) => travellingPart(parameters, 0);
  const packed = engine.allocate(parameterCount);
  return (parameters) => {
    packed.set(parameters);
    engine.kernels.narrow(packed.subarray(0, narrowParameterCount));
    return travellingPart(packed, narrowParameterCount);
  };
}
