import type { Clock } from '../../../shared/clock.ts';
import { CLOSE, type Link, type LinkListener } from '../../../shared/protocol/link.ts';
import type { Draws } from './draws.ts';

/** The faults of a network. Probabilities are per frame. */
export interface NetworkFaults {
  readonly delayMaxMs: number;
  readonly loss: number;
  readonly duplicate: number;
  /** The connection breaks instead of delivering the frame. */
  readonly cut: number;
}

export const NO_FAULTS: NetworkFaults = { delayMaxMs: 0, loss: 0, duplicate: 0, cut: 0 };

export interface FaultCounters {
  lostFrames: number;
  duplicatedFrames: number;
  cutLinks: number;
  /** Connections that one end closed because the other end broke the protocol. */
  protocolErrors: number;
}

export interface SimulatedConnection {
  /** Opens one end. The end drops frames that arrive before it is open. */
  readonly openFirst: (listener: LinkListener) => Link;
  readonly openSecond: (listener: LinkListener) => Link;
  /** Breaks the connection now. Both listeners are told after a delay. */
  cut(): void;
}

/** Each connection comes from an address of its own. */
let connectionCount = 0;

/**
 * A connection in memory. Frames arrive whole and in order, after a delay, unless a fault happens.
 * `clocks` are the clocks of the processes at its two ends.
 */
export function createSimulatedConnection(
  clocks: readonly [Clock, Clock],
  draws: Draws,
  faults: () => NetworkFaults,
  counters: FaultCounters,
): SimulatedConnection {
  const address = `10.0.${connectionCount >> 8}.${connectionCount & 255}`;
  connectionCount++;
  const listeners: (LinkListener | undefined)[] = [undefined, undefined];
  const arrivals = [0, 0];
  let isOpen = true;

  /**
   * After a delay, calls `deliver` with the listener of one end, and then `onArrived`. Keeps the
   * order of everything that is sent to that end.
   */
  function arrive(
    end: number,
    deliver: (listener: LinkListener) => void,
    onArrived = () => {},
  ): void {
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
        address,
        isLocal: false,
        trust() {},
        limitFrames() {},
        send(frame, onSent) {
          if (!isOpen) return;
          const network = faults();
          // The frame is copied only when it arrives, so that a sender that changes it too early
          // breaks a test.
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
