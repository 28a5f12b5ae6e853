import { CLOSE, type Link, type LinkListener } from './link.ts';

/**
 * Wraps `openLink`: an error that the listener throws ends this link, and nothing else. The
 * listener is told that the link is closed, and `onFault` gets the error. Neither may throw.
 */
export function guardedLink(
  openLink: (listener: LinkListener) => Link,
  onFault: (error: unknown) => void,
): (listener: LinkListener) => Link {
  return (listener) => {
    let isOpen = true;
    const guard = (call: () => void) => {
      try {
        call();
      } catch (error) {
        onFault(error);
      }
    };
    const tellClosed = (code: number, reason: string) => {
      if (!isOpen) return;
      isOpen = false;
      guard(() => listener.onClose(code, reason));
    };
    const link = openLink({
      onFrame(frame) {
        if (!isOpen) return;
        try {
          listener.onFrame(frame);
        } catch (error) {
          link.close(CLOSE.internalError, INTERNAL_ERROR);
          tellClosed(CLOSE.internalError, INTERNAL_ERROR);
          onFault(error);
        }
      },
      onClose: tellClosed,
    });
    return link;
  };
}

const INTERNAL_ERROR = 'internal error';
