import type { Link, LinkListener } from './link.ts';

type OpenLink = (listener: LinkListener) => Link;

/** A connection within this process: its two ends, each to be opened once. What is sent arrives when the event loop turns. */
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
        isLocal: true,
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
