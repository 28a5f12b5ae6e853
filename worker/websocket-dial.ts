import { WebSocket } from 'ws';
import { gatherFrames } from '../shared/protocol/gather-frames.ts';
import { FRAME_BYTES_MAX } from '../shared/protocol/limits.ts';
import type { Link, LinkListener } from '../shared/protocol/link.ts';
import { createWebSocketLink, WEBSOCKET_OPTIONS } from '../shared/protocol/websocket-link.ts';

const CONNECT_TIMEOUT_MS = 5_000;

/** Connects to a coordinator. Rejects with the system's error, or when there is no answer in time. */
export async function dialWebSocket(
  url: string,
  signal: AbortSignal,
): Promise<(listener: LinkListener) => Link> {
  let address: string | undefined;
  const socket = new WebSocket(url, {
    ...WEBSOCKET_OPTIONS,
    maxPayload: FRAME_BYTES_MAX,
    handshakeTimeout: CONNECT_TIMEOUT_MS,
    // Masking keeps hostile pages from writing chosen bytes through old proxies (RFC 6455 section 10.3). A worker in
    // Node chooses nothing, and with a key of zeros neither end spends time on it.
    generateMask: (mask) => mask.fill(0),
    finishRequest(request) {
      request.once('upgrade', (_, upgraded, head) => {
        address = upgraded.remoteAddress;
        gatherFrames(upgraded, head);
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
