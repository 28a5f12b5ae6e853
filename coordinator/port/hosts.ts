import type { IncomingMessage } from 'node:http';
import { isIP } from 'node:net';

/*
 * Which pages may talk to the coordinator.
 *
 * The problem. A browser lets any page open a WebSocket to any address, and send requests there. So
 * a page from anywhere could join a coordinator on this machine or in this network. It can also
 * give its own name this machine's address (DNS rebinding), and then even read the answers.
 *
 * The rule. A browser says the page's origin and the name that it asked for, and a page cannot
 * change either. The name (`Host`) must be one of the coordinator's. The origin, if there is one,
 * must be that same host: it is then the coordinator's own page.
 */

/**
 * Why a request must not be answered, with what to do about it. Undefined if it may be.
 * `allowedHosts` are names in lower case, in addition to loopback and the address that was reached.
 */
export function foreignnessOf(
  { headersDistinct, socket }: Pick<IncomingMessage, 'headersDistinct' | 'socket'>,
  allowedHosts: readonly string[],
): string | undefined {
  const { host: hosts = [], origin: origins = [] } = headersDistinct;
  const [host] = hosts;
  const url = hosts.length === 1 ? parseHost(host) : undefined;
  if (!url) return `the request must name one host, not ${JSON.stringify(hosts)}`;
  const name = url.hostname.replace(/^\[|\]$|\.$/g, '');
  const isOurs =
    isLoopback(name) || name === reachedAddress(socket.localAddress) || allowedHosts.includes(name);
  if (!isOurs) {
    return (
      `this coordinator does not know itself as ${JSON.stringify(name)}: ` +
      `start it with --allow-host ${name}` +
      (isIP(name) === 0 ? ', or use its IP address' : ' (in containers: LOCKSTEP_ALLOW_HOST)')
    );
  }
  const foreign = origins.find((origin) => !isSameHost(origin, host));
  if (foreign === undefined) return undefined;
  return `pages of ${JSON.stringify(foreign)} may not use this coordinator`;
}

/** A Host header as a URL. Undefined if it is anything but a host and a port. */
function parseHost(host: string): URL | undefined {
  if (!/^[\w.:[\]-]+$/.test(host)) return undefined;
  return URL.parse(`http://${host}`) ?? undefined;
}

/** Whether only this machine reaches the host: `localhost` or an address of loopback. */
export function isLoopback(name: string): boolean {
  return name === 'localhost' || name === '::1' || (isIP(name) === 4 && name.startsWith('127.'));
}

/** The address at which the peer reached us: an IPv4 address without its IPv6 prefix. */
const reachedAddress = (address = ''): string => address.replace(/^::ffff:/, '');

function isSameHost(origin: string, host: string): boolean {
  const url = URL.parse(origin);
  if (!url || !['http:', 'https:'].includes(url.protocol)) return false;
  return url.host !== '' && url.host === URL.parse(`${url.protocol}//${host}`)?.host;
}
