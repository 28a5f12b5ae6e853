import type { WebSocket } from 'ws';
import { printable } from '../printable.ts';
import { freeMemory, type GatheringSocket } from './gather-frames.ts';
import { CLOSE, type Link, type LinkListener } from './link.ts';

/** The options that both ends give to `ws`, in addition to `maxPayload`. */
export const WEBSOCKET_OPTIONS = {
  // The compression of gradients costs far more time than it saves, and it fragments memory.
  perMessageDeflate: false,
  // A peer that has not answered a close frame after this time, in ms, loses its socket.
  closeTimeout: 2_000,
} as const;

const LOOPBACK = /^(::ffff:)?127\.|^::1$/;

/** A control frame carries 125 bytes, and two of them are the code: RFC 6455 section 5.5. */
const CLOSE_REASON_BYTES_MAX = 123;

export interface WebSocketLinkOptions {
  /** An open WebSocket of the package `ws`. */
  readonly socket: WebSocket;
  /** The socket below it. Undefined: it emits frames in pieces. */
  readonly gathering: GatheringSocket | undefined;
  /** The peer's address. */
  readonly address: string | undefined;
  readonly onTrusted?: () => void;
}

/** Creates a link over a WebSocket. */
export function createWebSocketLink(
  { socket, gathering, address, onTrusted }: WebSocketLinkOptions,
  listener: LinkListener,
): Link {
  socket.binaryType = 'nodebuffer';
  if (gathering) gathering.onTooLong = () => socket.close(CLOSE.tooLong, 'frame too long');
  socket.on('message', (data: Buffer, isBinary) => {
    if (isBinary) listener.onFrame(data);
    else socket.close(CLOSE.protocolError, 'text message');
    freeMemory(data);
  });
  // After an error, `ws` always emits "close", and that handler tells the listener.
  socket.on('error', () => {});
  socket.on('close', (code, reason) => listener.onClose(code, printable(reason.toString())));
  return {
    address,
    isLocal: address !== undefined && LOOPBACK.test(address),
    trust: () => onTrusted?.(),
    limitFrames(bytesMax) {
      if (gathering) gathering.messageBytesMax = bytesMax;
    },
    send: (frame, onSent) => socket.send(frame, (error) => !error && onSent?.()),
    close(code, reason) {
      if (code === CLOSE.abnormal) socket.terminate();
      else socket.close(code, cutToBytes(reason, CLOSE_REASON_BYTES_MAX));
    },
  };
}

function cutToBytes(text: string, bytesMax: number): string {
  const { read } = new TextEncoder().encodeInto(text, new Uint8Array(bytesMax));
  return text.slice(0, read);
}
