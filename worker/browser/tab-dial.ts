import { LockstepError } from '../../shared/errors.ts';
import { printable } from '../../shared/printable.ts';
import { CLOSE, type Link, type LinkListener } from '../../shared/protocol/link.ts';

const CONNECT_TIMEOUT_MS = 10_000;
/** A page may not send the codes that the protocol of WebSocket has for itself. */
const OWN_CODES_MIN = 3000;
/** RFC 6455 section 5.5: a control frame carries 125 bytes, and two of them are the code. */
const REASON_BYTES_MAX = 123;

/**
 * Connects to a coordinator with the WebSocket of a browser. Rejects if that fails, after 10 s
 * without an answer too, or with the signal's reason when aborted. A browser does not say why.
 */
export async function dialFromTab(
  url: string,
  signal: AbortSignal,
): Promise<(listener: LinkListener) => Link> {
  signal.throwIfAborted();
  const socket = new WebSocket(url);
  socket.binaryType = 'arraybuffer';
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const timer = setTimeout(
    () => reject(unreachable(`no answer for ${CONNECT_TIMEOUT_MS / 1000} s`)),
    CONNECT_TIMEOUT_MS,
  );
  const abort = () => reject(signal.reason);
  signal.addEventListener('abort', abort);
  socket.onopen = () => resolve();
  socket.onclose = () => reject(unreachable('no connection'));
  try {
    await promise;
  } catch (error) {
    socket.close();
    throw error;
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', abort);
  }
  return (listener) => linkOf(socket, new URL(url).hostname, listener);
}

const unreachable = (why: string): LockstepError => new LockstepError('NETWORK', why);

function linkOf(socket: WebSocket, hostname: string, listener: LinkListener): Link {
  socket.onmessage = ({ data }) => {
    if (data instanceof ArrayBuffer) listener.onFrame(new Uint8Array(data));
    else socket.close(CLOSE.protocolError, 'text message');
  };
  socket.onclose = ({ code, reason }) => listener.onClose(code, printable(reason));
  return {
    address: hostname,
    isLocal: /^(localhost|127\..*|\[::1\])$/.test(hostname),
    trust() {},
    // The browser has a limit of its own.
    limitFrames() {},
    send(frame, onSent) {
      if (socket.readyState !== WebSocket.OPEN) return;
      // The frame is no shared memory. The browser copies it before the call returns.
      socket.send(frame as Uint8Array<ArrayBuffer>);
      onSent?.();
    },
    close(code, reason) {
      const isOurs = code === CLOSE.normal || code >= OWN_CODES_MIN;
      if (isOurs) socket.close(code, shorten(reason));
      else socket.close();
    },
  };
}

function shorten(text: string): string {
  const { read } = new TextEncoder().encodeInto(text, new Uint8Array(REASON_BYTES_MAX));
  return text.slice(0, read);
}
