import { connect, type createConnection, type Socket, type TcpNetConnectOpts } from 'node:net';
import { WebSocket } from 'ws';
import { gatherFrames } from '../shared/protocol/gather-frames.ts';
import { FRAME_BYTES_MAX } from '../shared/protocol/limits.ts';
import type { Link, LinkListener } from '../shared/protocol/link.ts';
import { createWebSocketLink, WEBSOCKET_OPTIONS } from '../shared/protocol/websocket-link.ts';

const CONNECT_TIMEOUT_MS = 5_000;
const READ_BYTES = 256 * 1024;

/** Connects to a coordinator. Rejects with the system's error, or when there is no answer in time. */
export async function dialWebSocket(
  url: string,
  signal: AbortSignal,
): Promise<(listener: LinkListener) => Link> {
  let address: string | undefined;
  const isPlain = url.startsWith('ws:');
  let isGathering = false;
  /**
   * Reads longer pieces than a socket does by itself, and all into the same memory; `path` is HTTP's, not a socket's. What is
   * not gathered others may keep.
   */
  function connectToRead(options: TcpNetConnectOpts): Socket {
    const buffer = Buffer.allocUnsafeSlow(READ_BYTES);
    const take = (byteCount: number): boolean => {
      const piece = buffer.subarray(0, byteCount);
      return tcp.push(isGathering ? piece : Buffer.from(piece));
    };
    const tcp: Socket = connect({ ...options, ...{ path: undefined }, onread: { buffer, callback: take } });
    return tcp;
  }
  const socket = new WebSocket(url, {
    ...WEBSOCKET_OPTIONS,
    maxPayload: FRAME_BYTES_MAX,
    handshakeTimeout: CONNECT_TIMEOUT_MS,
    // Masking keeps hostile pages from writing chosen bytes through old proxies (RFC 6455 section 10.3). A worker in
    // Node chooses nothing, and with a key of zeros neither end spends time on it.
    generateMask: (mask) => mask.fill(0),
    ...(isPlain && { createConnection: connectToRead as typeof createConnection }),
    finishRequest(request) {
      request.once('upgrade', (_, upgraded, head) => {
        address = upgraded.remoteAddress;
        isGathering = gatherFrames(upgraded, head, isPlain);
      });
      request.end();
    },
  });
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const abort = () => {
    socket.terminate();
    reject(signal.reason);
  };
  signal.addEventListener('abort', abort, { once: true });
  socket.once('open', resolve);
  socket.once('error', reject);
  try {
    await promise;
  } finally {
    signal.removeEventListener('abort', abort);
    socket.off('error', reject);
    socket.on('error', () => {});
  }
  return (listener) => createWebSocketLink(socket, address, listener);
}
