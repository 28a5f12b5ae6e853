import type { Link, LinkListener } from '../../shared/protocol/link.ts';

type OpenLink = (listener: LinkListener) => Link;

/**
 * Creates a connection within this process. Returns its two ends, each of which must be opened
 * once. Frames arrive when the event loop turns.
 */
export function createMemoryConnection(): [OpenLink, OpenLink] {
  const listeners: (LinkListener | undefined)[] = [undefined, undefined];
  let isOpen = true;

  const arrive = (end: number, deliver: (listener: LinkListener) => void) => {
    setImmediate(() => {
      const listener = listeners[end];
      if (listener) deliver(listener);
    });
  };

  const open =
    (end: number): OpenLink =>
    (listener) => {
      listeners[end] = listener;
      return {
        address: undefined,
        isLocal: true,
        trust() {},
        limitFrames() {},
        send(frame, onSent) {
          if (!isOpen) return;
          arrive(1 - end, ({ onFrame }) => {
            onFrame(frame);
            onSent?.();
          });
        },
        close(code, reason) {
          if (!isOpen) return;
          isOpen = false;
          for (const each of [0, 1]) {
            arrive(each, ({ onClose }) => {
              listeners[each] = undefined;
              onClose(code, reason);
            });
          }
        },
      };
    };
  return [open(0), open(1)];
}
