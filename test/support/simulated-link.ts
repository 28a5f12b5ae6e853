import type { Clock } from '../../shared/clock.ts';
import { CLOSE, type Link, type LinkListener } from '../../shared/protocol/link.ts';
import type { Draws } from './draws.ts';

/** How a network misbehaves; probabilities are per frame. */
export interface NetworkFaults {
  readonly delayMaxMs: number;
  readonly loss: number;
  readonly duplicate: number;
  /** The connection breaks instead of delivering. */
  readonly cut: number;
}

export const NO_FAULTS: NetworkFaults = { delayMaxMs: 0, loss: 0, duplicate: 0, cut: 0 };

export interface FaultCounters {
  lostFrames: number;
  duplicatedFrames: number;
  cutLinks: number;
}

export interface SimulatedConnection {
  /** Opens each end; frames that arrive before are kept. */
  readonly openFirst: (listener: LinkListener) => Link;
  readonly openSecond: (listener: LinkListener) => Link;
  /** Breaks the connection now: both ends hear of it. */
  cut(): void;
  /** As when a process dies at once: the first end hears nothing more, the second that the connection broke. */
  abandonFirst(): void;
}

/** A connection in memory: frames arrive whole and in order, after a while, unless a fault says otherwise. */
export function createSimulatedConnection(
  clock: Clock,
  draws: Draws,
  faults: () => NetworkFaults,
  counters: FaultCounters,
): SimulatedConnection {
  const listeners: (LinkListener | undefined)[] = [undefined, undefined];
  const arrivals = [0, 0];
  let isOpen = true;

  /** Calls `deliver` at one end, after everything that was sent to it before. */
  function arrive(end: number, deliver: (listener: LinkListener) => void): void {
    const at = Math.max(arrivals[end], clock.now() + draws.fraction() * faults().delayMaxMs);
    arrivals[end] = at;
    clock.setTimer(at - clock.now(), () => {
      const listener = listeners[end];
      if (listener) deliver(listener);
    });
  }

  function finish(end: number, code: number, reason: string): void {
    arrive(end, (listener) => {
      listeners[end] = undefined;
      listener.onClose(code, reason);
    });
  }

  function cut(): void {
    if (!isOpen) return;
    isOpen = false;
    counters.cutLinks++;
    for (const end of [0, 1]) finish(end, CLOSE.abnormal, '');
  }

  const open =
    (end: number) =>
    (listener: LinkListener): Link => {
      listeners[end] = listener;
      const other = 1 - end;
      return {
        send(frame) {
          if (!isOpen) return;
          const { loss, duplicate, cut: cutProbability } = faults();
          if (draws.chance(cutProbability)) return cut();
          if (draws.chance(loss)) {
            counters.lostFrames++;
            return;
          }
          arrive(other, (receiver) => receiver.onFrame(frame));
          if (draws.chance(duplicate)) {
            counters.duplicatedFrames++;
            arrive(other, (receiver) => receiver.onFrame(frame));
          }
        },
        close(code, reason) {
          if (!isOpen) return;
          isOpen = false;
          for (const which of [0, 1]) finish(which, code, reason);
        },
      };
    };

  return {
    openFirst: open(0),
    openSecond: open(1),
    cut,
    abandonFirst() {
      listeners[0] = undefined;
      if (isOpen) finish(1, CLOSE.abnormal, '');
      isOpen = false;
    },
  };
}
