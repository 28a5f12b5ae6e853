import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { WebSocketServer } from 'ws';
import { LockstepError, reasonOf, systemCode } from '../shared/errors.ts';
import { gatherFrames } from '../shared/protocol/gather-frames.ts';
import { CONNECTIONS_MAX, FRAME_BYTES_MAX } from '../shared/protocol/limits.ts';
import type { Link, LinkListener } from '../shared/protocol/link.ts';
import { createWebSocketLink, WEBSOCKET_OPTIONS } from '../shared/protocol/websocket-link.ts';

export interface CoordinatorServerOptions {
  readonly host: string;
  /** 0 for any free one. */
  readonly port: number;
  /** Takes over each new WebSocket connection. */
  readonly onConnection: (openLink: (listener: LinkListener) => Link) => void;
  /** The answer to `GET /api/status`. */
  readonly status: () => object;
  /** The answer to `GET /api/steps?after=STEP`, whose default is -1. */
  readonly stepsAfter: (step: number) => object[];
  /** The content of the run's dataset with that SHA-256, for `GET /data/<sha256>`. */
  readonly contentOf: (sha256: string) => Uint8Array | undefined;
}

export interface CoordinatorServer {
  /** What a worker on this machine joins by: `ws://127.0.0.1:8080`. */
  readonly url: string;
  readonly port: number;
  /** Stops listening; resolves when all connections are closed, by force after a short while. */
  close(): Promise<void>;
}

const CLOSE_TIMEOUT_MS = 3_000;

/** One port for everything: WebSocket for workers, HTTP for people, scripts and datasets. Throws `NETWORK` errors. */
export async function startCoordinatorServer(options: CoordinatorServerOptions): Promise<CoordinatorServer> {
  const { host, port, onConnection } = options;
  const http = createServer((request, response) => respond(request, response, options));
  http.on('upgrade', (_, socket, head) => gatherFrames(socket, head));
  const webSockets = new WebSocketServer({ server: http, maxPayload: FRAME_BYTES_MAX, ...WEBSOCKET_OPTIONS });
  webSockets.on('connection', (socket, { socket: { remoteAddress } }) => {
    if (webSockets.clients.size > CONNECTIONS_MAX)
      socket.close(1013, `more than ${CONNECTIONS_MAX} connections`);
    else onConnection((listener) => createWebSocketLink(socket, remoteAddress, listener));
  });
  // A plain error of the listening socket is reported by listen(); one of a connection ends that connection alone.
  webSockets.on('error', () => {});

  const { promise, resolve, reject } = Promise.withResolvers<void>();
  http.once('error', reject);
  http.listen(port, host, resolve);
  await promise.catch((error: unknown) => {
    throw new LockstepError('NETWORK', `cannot listen on ${host}:${port}: ${explainListenError(error)}`);
  });

  const actualPort = (http.address() as AddressInfo).port;
  const isEverywhere = host === '0.0.0.0' || host === '::';
  const shownHost = isEverywhere ? '127.0.0.1' : host.includes(':') ? `[${host}]` : host;
  return {
    url: `ws://${shownHost}:${actualPort}`,
    port: actualPort,
    async close() {
      const closed = new Promise((done) => http.close(done));
      const force = setTimeout(() => {
        for (const socket of webSockets.clients) socket.terminate();
        http.closeAllConnections();
      }, CLOSE_TIMEOUT_MS);
      http.closeIdleConnections();
      await closed;
      clearTimeout(force);
    },
  };
}

function respond(
  { method, url = '/' }: IncomingMessage,
  response: ServerResponse,
  { status, stepsAfter, contentOf }: CoordinatorServerOptions,
): void {
  const send = (code: number, type: string, body: string | Uint8Array) => {
    response.writeHead(code, { 'content-type': type, 'content-length': Buffer.byteLength(body) });
    response.end(method === 'HEAD' ? undefined : body);
  };
  const sendJson = (code: number, body: object) =>
    send(code, 'application/json', `${JSON.stringify(body)}\n`);

  if (method !== 'GET' && method !== 'HEAD') {
    return sendJson(405, { error: `method ${method} is not allowed: use GET` });
  }
  const [pathname, query] = url.split('?');
  if (pathname === '/healthz') return sendJson(200, { status: 'ok' });
  if (pathname === '/api/status') return sendJson(200, status());
  if (pathname === '/api/steps') {
    const after = new URLSearchParams(query).get('after') ?? '-1';
    if (/^-?\d{1,15}$/.test(after)) return sendJson(200, { steps: stepsAfter(Number(after)) });
    return sendJson(400, { error: `after=${after} is not a step: give a whole number` });
  }
  const content = contentOf(/^\/data\/([0-9a-f]{64})$/.exec(pathname)?.[1] ?? '');
  if (content) return send(200, 'application/octet-stream', content);
  if (pathname === '/') return send(200, 'text/plain; charset=utf-8', WELCOME_TEXT);
  return sendJson(404, {
    error: `no ${pathname} here: try /healthz, /api/status, /api/steps or a WebSocket connection`,
  });
}

const WELCOME_TEXT = `This is a Lockstep coordinator.

  GET /api/status   what it is doing, as JSON
  GET /api/steps    how the time of the newest steps went by; ?after=STEP for those after it
  GET /healthz      whether it is alive

Workers join by WebSocket on this port: npx lockstep worker ws://HOST:PORT
`;

function explainListenError(error: unknown): string {
  switch (systemCode(error)) {
    case 'EADDRINUSE':
      return 'the port is in use: choose another --port, or stop what listens there.';
    case 'EACCES':
      return 'not allowed: choose a --port above 1023.';
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
      return 'this machine has no such address: use --host 0.0.0.0 for all, 127.0.0.1 for this machine alone.';
    default:
      return reasonOf(error);
  }
}
