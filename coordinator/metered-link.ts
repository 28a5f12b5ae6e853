import type { Link, LinkListener } from '../shared/protocol/link.ts';
import type { PoolCounters } from './pool-events.ts';

/** Opens the same link, and counts the bytes of the frames that pass it. */
export function meteredLink(
  openLink: (listener: LinkListener) => Link,
  counters: Pick<PoolCounters, 'sentBytes' | 'receivedBytes'>,
): (listener: LinkListener) => Link {
  return (listener) => {
    const link = openLink({
      onFrame(frame) {
        counters.receivedBytes += frame.byteLength;
        listener.onFrame(frame);
      },
      onClose: (code, reason) => listener.onClose(code, reason),
    });
    return {
      isLocal: link.isLocal,
      send(frame, onSent) {
        counters.sentBytes += frame.byteLength;
        link.send(frame, onSent);
      },
      close: (code, reason) => link.close(code, reason),
    };
  };
}
