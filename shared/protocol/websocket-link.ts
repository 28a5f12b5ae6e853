import type { WebSocket } from 'ws';
import { freeMemory } from './gather-frames.ts';
import { CLOSE, type Link, type LinkListener } from './link.ts';

/** The options that both sides give to `ws`, beside `maxPayload`. */
export const WEBSOCKET_OPTIONS = {
  // Compressing gradients costs far more time than it saves, and it fragments memory.
  perMessageDeflate: false,
  // How long a peer may take to answer a close frame before its socket is cut.
  closeTimeout: 2_000,
} as const;

const LOOPBACK = /^(::ffff:)?127\.|^::1$/;

/** RFC 6455 section 5.5: a control frame carries 125 bytes, two of which are the code. */
const CLOSE_REASON_BYTES_MAX = 123;

/** A link over an open WebSocket of the package `ws`; `address` is its peer's. */
export function createWebSocketLink(
  socket: WebSocket,
  address: string | undefined,
  listener: LinkListener,
): Link {
  socket.binaryType = 'nodebuffer';
  socket.on('message', (data: Buffer, isBinary) => {
    if (isBinary) listener.onFrame(data);
    else socket.close(CLOSE.protocolError, 'text message');
    freeMemory(data);
  });
  // After an error `ws` always emits "close", which tells the listener.
  socket.on('error', () => {});
  socket.on('close', (code, reason) => listener.onClose(code, reason.toString()));
  return {
    isLocal: address !== undefined && LOOPBACK.test(address),
    send: (frame, onSent) => socket.send(frame, (error) => !error && onSent?.()),
    close: (code, reason) => socket.close(code, cutToBytes(reason, CLOSE_REASON_BYTES_MAX)),
  };
}

function cutToBytes(text: string, bytesMax: number): string {
  const { read } = new TextEncoder().encodeInto(text, new Uint8Array(bytesMax));
  return text.slice(0, read);
}
