import { LockstepError } from '../shared/errors.ts';

/**
 * The address of a coordinator, as a user gives it: `ws://HOST:PORT`, or `wss://…` with TLS. It may
 * go through a proxy: with a path, a query, and a name and password. With TLS it may end with
 * `#sha256=PIN`, the digest of the coordinator's public key (see `certificate-pin.ts`).
 */
export interface CoordinatorAddress {
  /** Without name, password and pin, so it may be shown. */
  readonly url: string;
  /** The host to connect to, without the brackets of an IPv6 address. */
  readonly host: string;
  readonly port: number;
  readonly isSecure: boolean;
  /** 64 hexadecimal digits. */
  readonly pin: string | undefined;
  /** Headers for each request, also the one that opens the WebSocket. */
  readonly headers: Readonly<Record<string, string>>;
  /** Where the coordinator has the dataset's file with this SHA-256. */
  dataUrl(sha256: string): URL;
}

const EXAMPLE = 'give an address such as ws://127.0.0.1:8080';

/** Throws a `USAGE` error, without the password, if the text is no such address. */
export function parseCoordinatorAddress(text: string): CoordinatorAddress {
  const url = URL.parse(text);
  if (!url) throw usage(`${quoteSafely(text)} is not an address: ${EXAMPLE}.`);
  const { username, password, hash } = url;
  url.username = '';
  url.password = '';
  url.hash = '';
  const isSecure = url.protocol === 'wss:';
  if (!isSecure && url.protocol !== 'ws:') {
    const likely = url.protocol === 'https:' ? 'wss' : 'ws';
    const suggestion = url.host ? `${likely}://${url.host}` : 'ws://127.0.0.1:8080';
    throw usage(`${url.protocol} is not how workers connect: try ${suggestion}.`);
  }
  const pin = hash === '' ? undefined : pinOf(hash, isSecure);
  const login = [username, password].map(decodeURIComponent).join(':');
  return {
    // A proxy may take a path without its last slash for another one.
    url: url.pathname === '/' ? url.href.replace(/\/$/, '') : url.href,
    host: url.hostname.replace(/^\[|\]$/g, ''),
    port: Number(url.port) || (isSecure ? 443 : 80),
    isSecure,
    pin,
    headers: username === '' ? {} : { authorization: `Basic ${toBase64(login)}` },
    dataUrl(sha256) {
      const data = new URL(url.href.replace(/^ws/, 'http'));
      data.pathname = `${data.pathname.replace(/\/$/, '')}/data/${sha256}`;
      return data;
    },
  };
}

function pinOf(hash: string, isSecure: boolean): string {
  if (!isSecure) throw usage(`${hash} pins a key, which needs TLS: use wss://.`);
  const [, pin] = /^#sha256=([0-9a-f]{64})$/i.exec(hash) ?? [];
  if (pin) return pin.toLowerCase();
  throw usage(`${hash} is not a pin: give #sha256= and 64 hexadecimal digits, as printed.`);
}

const usage = (message: string): LockstepError => new LockstepError('USAGE', message);

/** Without what stands before an @, which may be a password. */
const quoteSafely = (text: string): string => JSON.stringify(text.replace(/^.*@/, '…@'));

const toBase64 = (text: string): string => Buffer.from(text).toString('base64');
