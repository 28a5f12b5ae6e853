import type { IncomingMessage } from 'node:http';
import { connect, type createConnection, type Socket, type TcpNetConnectOpts } from 'node:net';
import { WebSocket } from 'ws';
import { LockstepError, reasonOf, systemCode } from '../shared/errors.ts';
import { printable } from '../shared/printable.ts';
import { type GatheringSocket, gatherFrames } from '../shared/protocol/gather-frames.ts';
import { FRAME_BYTES_MAX } from '../shared/protocol/limits.ts';
import type { Link, LinkListener } from '../shared/protocol/link.ts';
import { createWebSocketLink, WEBSOCKET_OPTIONS } from '../shared/protocol/websocket-link.ts';
import { connectSecurely, type Trust } from './connect.ts';
import type { CoordinatorAddress } from './coordinator-address.ts';

const CONNECT_TIMEOUT_MS = 5_000;
const READ_BYTES = 256 * 1024;
/** Of an answer that is no WebSocket, in characters. */
const REFUSAL_LENGTH_MAX = 2_000;
const REFUSAL_TIMEOUT_MS = 2_000;

/**
 * Connects to a coordinator. Rejects with an error that says what is wrong, after 5 s without an
 * answer too, or with the signal's reason when aborted.
 */
export async function dialWebSocket(
  address: CoordinatorAddress,
  trust: Trust,
  signal: AbortSignal,
): Promise<(listener: LinkListener) => Link> {
  const secured = address.isSecure ? await connectSecurely(address, trust, signal) : undefined;
  const reader = createReader();
  let gathering: GatheringSocket | undefined;
  let peerAddress: string | undefined;
  const socket = new WebSocket(address.url, {
    ...WEBSOCKET_OPTIONS,
    headers: address.headers,
    maxPayload: FRAME_BYTES_MAX,
    handshakeTimeout: CONNECT_TIMEOUT_MS,
    // Masking keeps hostile pages from sending chosen bytes through old proxies (RFC 6455 section
    // 10.3). No page controls a worker in Node. A key of zeros saves both ends the masking.
    generateMask: (mask) => mask.fill(0),
    createConnection: (secured ? () => secured : reader.connect) as typeof createConnection,
    finishRequest(request) {
      request.once('upgrade', (_, upgraded, head) => {
        peerAddress = upgraded.remoteAddress;
        // A frame has begun in `head`, and `ws` has it. Our own coordinator waits for our hello.
        if (head.length > 0) return;
        gathering = gatherFrames(upgraded, !secured);
        reader.keepNoPiece();
      });
      request.end();
    },
  });
  await opened(socket, signal);
  const link = { socket, gathering, address: peerAddress };
  return (listener) => createWebSocketLink(link, listener);
}

/**
 * Opens sockets that read larger pieces than by default, all into the same memory. A piece is
 * copied, because its receiver may keep it, until `keepNoPiece` is called.
 */
function createReader() {
  let isPieceKept = true;
  return {
    keepNoPiece() {
      isPieceKept = false;
    },
    connect(options: TcpNetConnectOpts): Socket {
      const buffer = Buffer.allocUnsafeSlow(READ_BYTES);
      const take = (byteCount: number): boolean => {
        const piece = buffer.subarray(0, byteCount);
        return tcp.push(isPieceKept ? Buffer.from(piece) : piece);
      };
      // `path` belongs to the HTTP request: `connect` would take it for that of a local socket.
      const onread = { buffer, callback: take };
      const tcp: Socket = connect({ ...options, path: undefined, onread });
      return tcp;
    },
  };
}

async function opened(socket: WebSocket, signal: AbortSignal): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const abort = () => {
    socket.terminate();
    reject(signal.reason);
  };
  const fail = (error: Error) => reject(explainError(error));
  signal.addEventListener('abort', abort, { once: true });
  socket.once('open', resolve);
  socket.once('error', fail);
  socket.once('unexpected-response', async (_, response) => {
    reject(await explainRefusal(response).catch((error: unknown) => error));
    socket.terminate();
  });
  try {
    signal.throwIfAborted();
    await promise;
  } finally {
    signal.removeEventListener('abort', abort);
    socket.off('error', fail);
    socket.on('error', () => {});
  }
}

/** An answer that is no HTTP, or none at all, is what a port with TLS gives to `ws://`. */
function explainError(error: Error): Error {
  const code = systemCode(error) ?? '';
  if (code !== 'ECONNRESET' && !code.startsWith('HPE_')) return error;
  const why = `no coordinator answers there (${reasonOf(error)}); if it uses TLS, use wss://`;
  return new LockstepError('NETWORK', why, { cause: error });
}

/**
 * Says why the answer to the handshake was no WebSocket: in the coordinator's own words, if any.
 */
async function explainRefusal(response: IncomingMessage): Promise<LockstepError> {
  const { statusCode, headers } = response;
  let text = '';
  const tooLate = setTimeout(() => response.destroy(), REFUSAL_TIMEOUT_MS);
  try {
    for await (const piece of response) {
      text += piece;
      if (text.length > REFUSAL_LENGTH_MAX) break;
    }
  } catch {
    // The answer broke off. Its beginning may say enough.
  } finally {
    clearTimeout(tooLate);
  }
  const elsewhere =
    headers.location === undefined
      ? undefined
      : `it is at ${printable(headers.location)}: give that address, with ws or wss`;
  const why = coordinatorsError(text) ?? elsewhere ?? 'no coordinator answers there';
  return new LockstepError('NETWORK', `HTTP status ${statusCode}: ${why}`);
}

/** The `error` of a JSON answer. */
function coordinatorsError(text: string): string | undefined {
  try {
    const { error } = JSON.parse(text) as { error?: unknown };
    return typeof error === 'string' ? printable(error) : undefined;
  } catch {
    return undefined;
  }
}
