import type { Link, LinkListener } from '../../shared/protocol/link.ts';

/** The bytes of frames. */
export interface Traffic {
  sentBytes: number;
  receivedBytes: number;
}

/** Wraps `openLink`: each counter counts the bytes of all frames that the link carries. */
export function meteredLink(
  openLink: (listener: LinkListener) => Link,
  ...counters: readonly Traffic[]
): (listener: LinkListener) => Link {
  return (listener) => {
    let isOpen = true;
    const link = openLink({
      onFrame(frame) {
        for (const counter of counters) counter.receivedBytes += frame.byteLength;
        listener.onFrame(frame);
      },
      onClose(code, reason) {
        isOpen = false;
        listener.onClose(code, reason);
      },
    });
    return {
      address: link.address,
      isLocal: link.isLocal,
      trust: () => link.trust(),
      limitFrames: (bytesMax) => link.limitFrames(bytesMax),
      send(frame, onSent) {
        if (isOpen) for (const counter of counters) counter.sentBytes += frame.byteLength;
        link.send(frame, onSent);
      },
      close(code, reason) {
        isOpen = false;
        link.close(code, reason);
      },
    };
  };
}
