import type { Server } from 'node:http';
import type { Duplex } from 'node:stream';
import { WebSocketServer } from 'ws';
import { gatherFrames } from '../../shared/protocol/gather-frames.ts';
import { FRAME_BYTES_MAX, SHORT_FRAME_BYTES_MAX } from '../../shared/protocol/limits.ts';
import type { Link, LinkListener } from '../../shared/protocol/link.ts';
import { createWebSocketLink, WEBSOCKET_OPTIONS } from '../../shared/protocol/websocket-link.ts';
import { SECURITY_HEADERS } from './answers/send.ts';
import { foreignnessOf } from './hosts.ts';
import { connectionKey, type Strangers } from './strangers.ts';

export interface WebSocketOptions {
  readonly allowedHosts?: readonly string[] | undefined;
  /** Takes over each new WebSocket connection, or says why there can be none. */
  readonly onConnection: ((openLink: (listener: LinkListener) => Link) => void) | string;
}

/** Makes links of the WebSocket connections to an HTTP server, except those of foreign pages. */
export function acceptWebSockets(
  http: Server,
  strangers: Strangers,
  { allowedHosts = [], onConnection }: WebSocketOptions,
): WebSocketServer {
  const webSockets = new WebSocketServer({
    noServer: true,
    maxPayload: FRAME_BYTES_MAX,
    ...WEBSOCKET_OPTIONS,
  });
  http.on('upgrade', (request, socket, head) => {
    const foreignness = foreignnessOf(request, allowedHosts);
    if (foreignness !== undefined) return refuseUpgrade(socket, foreignness);
    if (typeof onConnection === 'string') return refuseUpgrade(socket, onConnection);
    // `ws` gets no `head`, so that all bytes pass through the gathering.
    webSockets.handleUpgrade(request, socket, Buffer.alloc(0), (webSocket) => {
      const key = connectionKey(request.socket);
      const gathering = gatherFrames(socket);
      gathering.messageBytesMax = SHORT_FRAME_BYTES_MAX;
      const link = {
        socket: webSocket,
        gathering,
        address: request.socket.remoteAddress,
        onTrusted: () => strangers.remove(key),
      };
      onConnection((listener) => createWebSocketLink(link, listener));
      gathering.take(head);
    });
  });
  return webSockets;
}

function refuseUpgrade(socket: Duplex, reason: string): void {
  const body = `${JSON.stringify({ error: reason })}\n`;
  const headers = {
    ...SECURITY_HEADERS,
    connection: 'close',
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(body),
  };
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`);
  socket.on('error', () => {});
  socket.once('finish', () => socket.destroy());
  socket.end(['HTTP/1.1 403 Forbidden', ...lines, '', body].join('\r\n'));
}
