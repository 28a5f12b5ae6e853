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
  /** Connections that an end closed because the other did not keep to the protocol. */
  protocolErrors: number;
}

export interface SimulatedConnection {
  /** Opens each end; frames that arrive before are kept. */
  readonly openFirst: (listener: LinkListener) => Link;
  readonly openSecond: (listener: LinkListener) => Link;
  /** Breaks the connection now: both ends hear of it. */
  cut(): void;
}

/**
 * A connection in memory: frames arrive whole and in order, after a while, unless a fault says otherwise. `clocks` are
 * those of the processes at its two ends.
 */
export function createSimulatedConnection(
  clocks: readonly [Clock, Clock],
  draws: Draws,
  faults: () => NetworkFaults,
  counters: FaultCounters,
): SimulatedConnection {
  const listeners: (LinkListener | undefined)[] = [undefined, undefined];
  const arrivals = [0, 0];
  let isOpen = true;

  /** Calls `deliver` at one end, after everything that was sent to it before, and then `onArrived`. */
  function arrive(end: number, deliver: (listener: LinkListener) => void, onArrived = () => {}): void {
    const clock = clocks[end];
    const at = Math.max(arrivals[end], clock.now() + draws.fraction() * faults().delayMaxMs);
    arrivals[end] = at;
    clock.setTimer(at - clock.now(), () => {
      const listener = listeners[end];
      if (listener) deliver(listener);
      onArrived();
    });
  }

  function finish(code: number, reason: string): void {
    if (!isOpen) return;
    isOpen = false;
    for (const end of [0, 1]) {
      arrive(end, (listener) => {
        listeners[end] = undefined;
        listener.onClose(code, reason);
      });
    }
  }

  const cut = () => finish(CLOSE.abnormal, '');

  const open =
    (end: number) =>
    (listener: LinkListener): Link => {
      listeners[end] = listener;
      const other = 1 - end;
      return {
        isLocal: false,
        send(frame, onSent) {
          if (!isOpen) return;
          const network = faults();
          // The bytes are those that the frame has when it arrives: until then its sender must leave it alone.
          const receive = (receiver: LinkListener) => receiver.onFrame(frame.slice());
          if (draws.chance(network.cut)) {
            counters.cutLinks++;
            cut();
          } else if (draws.chance(network.loss)) {
            counters.lostFrames++;
            arrive(other, () => {}, onSent);
          } else if (draws.chance(network.duplicate)) {
            counters.duplicatedFrames++;
            arrive(other, receive);
            arrive(other, receive, onSent);
          } else {
            arrive(other, receive, onSent);
          }
        },
        close(code, reason) {
          if (isOpen && code === CLOSE.protocolError) counters.protocolErrors++;
          finish(code, reason);
        },
      };
    };

  return { openFirst: open(0), openSecond: open(1), cut };
}
