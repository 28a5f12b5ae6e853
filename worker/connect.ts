import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { isIP } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { type ErrorCode, LockstepError, reasonOf, systemCode } from '../shared/errors.ts';
import { pinOfKey } from '../shared/host/certificate-pin.ts';
import type { CoordinatorAddress } from './coordinator-address.ts';

/*
 * Most workers need neither TLS nor HTTP, because they have the dataset. So these modules are
 * loaded where they are needed: Node loads much for all that they export.
 */

const CONNECT_TIMEOUT_MS = 5_000;

/** How a worker knows its coordinator's certificate, in addition to the address's pin. */
export interface Trust {
  /** Certificates (PEM) that sign the coordinator's. Undefined: those of the system. */
  readonly ca?: string | undefined;
}

/**
 * Connects with TLS, and resolves when the coordinator has shown who it is: nothing is sent before.
 * Rejects with a `NETWORK` error that says what is wrong, or with the signal's reason.
 */
export async function connectSecurely(
  { host, port, pin }: CoordinatorAddress,
  { ca }: Trust,
  signal: AbortSignal,
): Promise<TLSSocket> {
  const { connect } = await import('node:tls');
  const socket = connect({
    host,
    port,
    ...(isIP(host) === 0 && { servername: host }),
    ...(ca !== undefined && { ca }),
    ALPNProtocols: ['http/1.1'],
    // A pin says which key it must be. Who signed it does not matter then.
    rejectUnauthorized: pin === undefined,
  });
  const timeout = AbortSignal.timeout(CONNECT_TIMEOUT_MS);
  try {
    await once(socket, 'secureConnect', { signal: AbortSignal.any([signal, timeout]) });
    const { publicKey } = socket.getPeerX509Certificate() ?? {};
    const shown = publicKey && pinOfKey(publicKey);
    if (pin !== undefined && shown !== pin) {
      throw new LockstepError(
        'TRUST',
        `the coordinator has the key sha256=${shown}, not the one of the address`,
      );
    }
    return socket;
  } catch (error) {
    socket.on('error', () => {}).destroy();
    signal.throwIfAborted();
    if (timeout.aborted)
      throw new LockstepError('NETWORK', `no answer for ${CONNECT_TIMEOUT_MS / 1000} s`);
    throw explainTlsError(error);
  }
}

function explainTlsError(error: unknown): unknown {
  const say = (why: string, code: ErrorCode = 'NETWORK') =>
    new LockstepError(code, why, { cause: error });
  switch (systemCode(error)) {
    case 'DEPTH_ZERO_SELF_SIGNED_CERT':
    case 'SELF_SIGNED_CERT_IN_CHAIN':
    case 'UNABLE_TO_VERIFY_LEAF_SIGNATURE':
    case 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY':
      return say(
        'nobody whom this machine trusts has signed the certificate: give --tls-ca FILE, or the ' +
          'address with its pin (#sha256=…), as the coordinator prints it',
        'TRUST',
      );
    case 'CERT_HAS_EXPIRED':
      return say('the certificate has expired: the coordinator needs a new one');
    case 'ERR_TLS_CERT_ALTNAME_INVALID':
      return say(`the certificate is for another name: ${reasonOf(error)}`, 'TRUST');
    case 'ERR_SSL_WRONG_VERSION_NUMBER':
    case 'ERR_SSL_PACKET_LENGTH_TOO_LONG':
    case 'EPROTO':
      return say('it speaks no TLS there: use ws:// instead of wss://');
    default:
      return error;
  }
}

/** Sends a GET request over a connection of its own. Resolves to the answer's head. */
export async function getFrom(
  address: CoordinatorAddress,
  trust: Trust,
  url: URL,
  headers: Record<string, string>,
  signal: AbortSignal,
): Promise<IncomingMessage> {
  const options = { headers: { ...address.headers, ...headers }, signal };
  const socket = address.isSecure ? await connectSecurely(address, trust, signal) : undefined;
  const request = socket
    ? (await import('node:https')).request(url, { ...options, createConnection: () => socket })
    : (await import('node:http')).request(url, options);
  request.end();
  const [response] = await once(request, 'response', { signal });
  return response;
}
