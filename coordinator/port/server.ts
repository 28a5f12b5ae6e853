import { createServer, type IncomingMessage, type Server } from 'node:http';
import { createServer as createSecureServer, type Server as SecureServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { LockstepError, reasonOf, systemCode } from '../../shared/errors.ts';
import { inUrl, reachableHosts } from './addresses.ts';
import { type AnswerSources, answer, type ServerSources } from './answers/answers.ts';
import type { PortUrls } from './answers/join.ts';
import { type RightsOf, type Secrets, tokenOf } from './answers/rights.ts';
import { sendError } from './answers/send.ts';
import { foreignnessOf } from './hosts.ts';
import { addConnectionsOf, connectionKey, createStrangers, type Strangers } from './strangers.ts';
import { readTlsPair, renewTlsPair, type TlsFiles, type TlsPair } from './tls.ts';
import { inTurn } from './turns.ts';
import { acceptWebSockets, type WebSocketOptions } from './websockets.ts';

export interface PortOptions {
  readonly host: string;
  /** 0 picks any free port. */
  readonly port: number;
  /** Where any free port will do: this one, if it is free. */
  readonly preferredPort?: number | undefined;
  /** Names by which others reach this machine, in addition to its addresses. */
  readonly allowedHosts?: readonly string[] | undefined;
  readonly secrets: Secrets;
  /** Whether the token was made for this run, so that it has to be shown. */
  readonly isTokenMade?: boolean;
  /** Undefined: no TLS. */
  readonly tls?: TlsFiles | undefined;
}

export interface CoordinatorServerOptions extends AnswerSources, WebSocketOptions {
  readonly host: string;
  /** 0 picks any free port. */
  readonly port: number;
  /** See `PortOptions`. */
  readonly preferredPort?: number | undefined;
  readonly tls?: TlsFiles | undefined;
  readonly rightsOf: RightsOf;
  /** Gets an error that an answer has thrown. */
  readonly onFault: (error: unknown) => void;
  /** Gets news about the certificate, for people. */
  readonly onCertificate: (message: string) => void;
  /** See `IDLE_TIMEOUT_MS`. */
  readonly idleTimeoutMs?: number;
}

export interface CoordinatorServer {
  /**
   * The address for a worker on this machine, such as `ws://127.0.0.1:8080`. With TLS and a
   * certificate that nobody else has signed, it has the key's pin.
   */
  readonly url: string;
  /** The same for workers on other machines. Empty if only this machine reaches the port. */
  readonly otherUrls: readonly string[];
  readonly port: number;
  /** Stops listening. Resolves when all connections are closed; after 3 s, closes them by force. */
  close(): Promise<void>;
}

const CLOSE_TIMEOUT_MS = 3_000;
/** A connection that has not shown who it is: in all, and of one address. */
const STRANGERS_MAX = 512;
const STRANGERS_PER_ADDRESS_MAX = 128;
/** A request must be here after this time. */
const REQUEST_TIMEOUT_MS = 10_000;
/**
 * An HTTP connection on which nothing moves for so long is closed, in the middle of an answer too.
 */
const IDLE_TIMEOUT_MS = 20_000;
const HEADER_BYTES_MAX = 8 * 1024;

/**
 * Listens on one port: WebSocket for workers, HTTP for people, scripts and datasets. Throws a
 * `NETWORK` error if it cannot listen.
 */
export async function startCoordinatorServer(
  options: CoordinatorServerOptions,
): Promise<CoordinatorServer> {
  const { host, port, preferredPort } = options;
  const strangers = createStrangers(STRANGERS_MAX, STRANGERS_PER_ADDRESS_MAX);
  const tls = options.tls && (await readTlsPair(options.tls));
  const urls = (): PortUrls => urlsOf(http, options, tls);
  const http = createHttpServer({ ...options, urls }, strangers, tls);
  addConnectionsOf(http, strangers);
  const endSilent = watchSilent(http);
  const webSockets = acceptWebSockets(http, strangers, options);
  await listenFirst(http, host, port === 0 ? [preferredPort ?? 0, 0] : [port]);
  const stopRenewing = tls && watchCertificate(http, options, tls);
  const { here, others } = urls();
  return {
    url: here,
    otherUrls: others,
    port: portOf(http),
    async close() {
      stopRenewing?.();
      const closed = new Promise((done) => http.close(done));
      const force = setTimeout(() => {
        for (const socket of webSockets.clients) socket.terminate();
        http.closeAllConnections();
      }, CLOSE_TIMEOUT_MS);
      http.closeIdleConnections();
      endSilent();
      await closed;
      clearTimeout(force);
    },
  };
}

const portOf = (http: Server): number => (http.address() as AddressInfo).port;

function urlsOf(
  http: Server,
  { host, allowedHosts }: CoordinatorServerOptions,
  tls: TlsPair | undefined,
): PortUrls {
  const pin = tls?.isSelfSigned ? `#sha256=${tls.pin}` : '';
  const urlFor = (shown: string) => `${tls ? 'wss' : 'ws'}://${shown}:${portOf(http)}${pin}`;
  const { here, others } = reachableHosts(host, allowedHosts);
  return { here: urlFor(here), others: others.map(urlFor) };
}

function createHttpServer(
  {
    allowedHosts = [],
    rightsOf,
    onFault,
    idleTimeoutMs = IDLE_TIMEOUT_MS,
    ...sources
  }: CoordinatorServerOptions & Pick<ServerSources, 'urls'>,
  strangers: Strangers,
  tls: TlsPair | undefined,
): Server {
  const openEvents: AnswerSources['openEvents'] = (request, response) => {
    const isOpen = sources.openEvents(request, response);
    // The streams have a limit of their own. Newer strangers must not push them out.
    if (isOpen) strangers.remove(connectionKey(request.socket));
    return isOpen;
  };
  const listener = inTurn(async (request, response) => {
    const foreignness = foreignnessOf(request, allowedHosts);
    if (foreignness !== undefined) return sendError(response, 403, foreignness);
    try {
      const token = tokenOf(request);
      const rights = rightsOf(token);
      if (token !== undefined && rights.size > 0) strangers.remove(connectionKey(request.socket));
      await answer(request, response, { token, rights }, { ...sources, openEvents });
    } catch (error) {
      onFault(error);
      request.socket.destroy();
    }
  });
  const bounds = { maxHeaderSize: HEADER_BYTES_MAX };
  const http = tls
    ? createSecureServer(
        { ...bounds, cert: tls.cert, key: tls.key, handshakeTimeout: REQUEST_TIMEOUT_MS },
        listener,
      )
    : createServer(bounds, listener);
  http.headersTimeout = REQUEST_TIMEOUT_MS;
  http.requestTimeout = REQUEST_TIMEOUT_MS;
  http.timeout = idleTimeoutMs;
  return http;
}

/** Uses a new certificate as soon as it is there. Returns a function that ends this. */
function watchCertificate(
  http: Server,
  { tls: files, onCertificate }: CoordinatorServerOptions,
  pair: TlsPair,
): () => void {
  if (!files) return () => {};
  return renewTlsPair(http as SecureServer, files, pair, (change) =>
    onCertificate(
      change instanceof LockstepError
        ? `the certificate is not renewed: ${change.message}`
        : `a new certificate is in use, until ${change.expiresAt.toISOString()}`,
    ),
  );
}

/** Returns a function that ends the connections that have asked for nothing yet. */
function watchSilent(server: Server): () => void {
  // Node does not count them as idle.
  const silent = new Map<string, Socket>();
  server.on('connection', (socket) => {
    const key = connectionKey(socket);
    silent.set(key, socket);
    socket.once('close', () => silent.delete(key));
  });
  for (const asked of ['request', 'upgrade'])
    server.on(asked, ({ socket }: IncomingMessage) => silent.delete(connectionKey(socket)));
  return () => {
    for (const socket of silent.values()) socket.destroy();
  };
}

/** Listens on the first of some ports that can be had. Throws a `NETWORK` error if none can. */
async function listenFirst(http: Server, host: string, [port, ...others]: readonly number[]) {
  try {
    await listen(http, host, port);
  } catch (error) {
    if (others.length === 0) throw error;
    await listenFirst(http, host, others);
  }
}

async function listen(http: Server, host: string, port: number): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  http.once('error', reject);
  http.listen(port, host, resolve);
  await promise.catch((error: unknown) => {
    throw new LockstepError(
      'NETWORK',
      `cannot listen on ${inUrl(host)}:${port}: ${explainListenError(error)}`,
    );
  });
}

function explainListenError(error: unknown): string {
  switch (systemCode(error)) {
    case 'EADDRINUSE':
      return 'the port is in use: choose another --port, or stop the program that uses it.';
    case 'EACCES':
      return 'not allowed: choose a --port above 1023.';
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
      return (
        'this machine has no such address: ' +
        'use --host 0.0.0.0 or :: for all addresses, or 127.0.0.1 for this machine only.'
      );
    default:
      return reasonOf(error);
  }
}
