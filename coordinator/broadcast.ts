import { chunksOf } from '../shared/protocol/chunks.ts';
import type { FramePool } from '../shared/protocol/frame-pool.ts';

/** The parameters of one step, encoded once: the same bytes go to every worker. */
export interface Broadcast {
  /** Hands every frame, in order, to `send`, which calls `onSent` when it has no more use for it. */
  sendTo(send: (frame: Uint8Array, onSent: () => void) => void): void;
  /** There are no further receivers: as soon as the present ones have them, the frames go back to the pool. */
  end(): void;
}

export function createBroadcast(pool: FramePool, parameters: Float32Array, step: number): Broadcast {
  const frames = Array.from(chunksOf(parameters), ({ offset, values }) =>
    pool.encode({ type: 'parameters', step, offset }, values),
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
