import type { Clock } from '../../shared/clock.ts';
import type { ConnectedWorkerListener, ReceivedSum } from './connected-worker.ts';

/*
 * Disturbs what the pool hears of a worker, so that people can see that the result stays the same.
 *
 *   worker ──sums──► disturbance ──sums, later or altered──► listener (the pool)
 *
 * While sums are held back, the worker owes its share, as far as the pool can tell: its deadline
 * passes, and others compute the share too. All other events pass at once. So a worker that goes
 * while its sums are held back is gone, and its sums go with it.
 *
 * A worker that nobody disturbs is heard as if this were not here, in the same turn.
 */

export interface Disturbance {
  /** Holds back the worker's sums for so long from now on. A shorter time replaces a longer one. */
  hold(milliseconds: number): void;
  /**
   * Flips a bit of each sum from now on. One would not do: the pool drops a sum that it already has
   * without a look at it.
   */
  corrupt(): void;
  /** Whether the worker's sums are wrong by our doing. */
  readonly isCorrupting: boolean;
  /** Calls after so long, unless the worker is gone. */
  later(milliseconds: number, callback: () => void): void;
}

export interface DisturbanceOptions {
  readonly clock: Clock;
  readonly listener: ConnectedWorkerListener;
  /** Takes the vector of a sum that the listener does not get. */
  readonly release: (vector: Float32Array) => void;
  /** Gets an error that the listener has thrown when it got a sum later. */
  readonly onFault: (error: unknown) => void;
}

/** The bit of a value that is flipped. It exists in bfloat16 too, and leaves the value finite. */
const FLIPPED_BIT = 20;

/** A listener for a worker, which passes everything on, and the way to disturb it. */
export function disturbable({ clock, listener, release, onFault }: DisturbanceOptions): {
  readonly listener: ConnectedWorkerListener;
  readonly disturbance: Disturbance;
} {
  const held: ReceivedSum[] = [];
  const cancels = new Set<() => void>();
  let endHold: (() => void) | undefined;
  let isCorrupting = false;
  let isGone = false;

  function later(milliseconds: number, callback: () => void): () => void {
    const cancel = clock.setTimer(milliseconds, () => {
      cancels.delete(cancel);
      callback();
    });
    cancels.add(cancel);
    return () => {
      cancels.delete(cancel);
      cancel();
    };
  }

  function pass(sum: ReceivedSum): void {
    if (isCorrupting) flipBit(sum.vector);
    listener.onPartialSum(sum);
  }

  function passHeld(): void {
    endHold = undefined;
    // The listener may close the connection at any of them.
    for (let sum = held.shift(); sum; sum = held.shift()) pass(sum);
  }

  return {
    disturbance: {
      hold(milliseconds) {
        if (isGone) return;
        endHold?.();
        endHold = later(milliseconds, () => {
          try {
            passHeld();
          } catch (error) {
            onFault(error);
          }
        });
      },
      corrupt() {
        isCorrupting = true;
      },
      get isCorrupting() {
        return isCorrupting;
      },
      later: (milliseconds, callback) => void (isGone || later(milliseconds, callback)),
    },
    listener: {
      onHello: (hello) => listener.onHello(hello),
      onAnswer: (answer) => listener.onAnswer(answer),
      onReady: () => listener.onReady(),
      onArrivingSum(sum) {
        if (!endHold && !isCorrupting) listener.onArrivingSum(sum);
      },
      onPartialSum(sum) {
        if (endHold) held.push(sum);
        else pass(sum);
      },
      onDuplicate: () => listener.onDuplicate(),
      onLeaving: () => listener.onLeaving(),
      onGone(reason) {
        isGone = true;
        for (const cancel of cancels) cancel();
        cancels.clear();
        for (const { vector } of held.splice(0)) release(vector);
        listener.onGone(reason);
      },
    },
  };
}

function flipBit({ buffer, byteOffset, length }: Float32Array): void {
  new Uint32Array(buffer, byteOffset, length)[length >> 1] ^= 1 << FLIPPED_BIT;
}
