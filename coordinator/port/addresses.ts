import { isIP } from 'node:net';
import { type NetworkInterfaceInfo, networkInterfaces } from 'node:os';
import { isLoopback } from './hosts.ts';

/** The hosts by which a port is reached, as they stand in a URL. */
export interface ReachableHosts {
  /** For this machine. */
  readonly here: string;
  /** For other machines, the most telling first. Empty if only this machine reaches the port. */
  readonly others: readonly string[];
}

/**
 * The hosts of a port that listens on `host`: an address, a name, or 0.0.0.0 or :: for all. `names`
 * are further names by which others reach this machine.
 */
export function reachableHosts(
  host: string,
  names: readonly string[] = [],
  interfaces: readonly NetworkInterfaceInfo[] = systemInterfaces(),
): ReachableHosts {
  const forOthers = (hosts: readonly string[]) =>
    [...new Set(hosts)].filter((each) => !isLoopback(each)).map(inUrl);
  if (!isEverywhere(host)) return { here: inUrl(host), others: forOthers([...names, host]) };
  // A system listens on all IPv4 addresses too when it listens on ::.
  const reached = interfaces.filter(({ family }) => host.includes(':') || family === 'IPv4');
  const inOrder = reached.toSorted((a, b) => a.family.localeCompare(b.family));
  const internal = inOrder.filter((each) => each.internal);
  // The scope of a link-local address has no place in a URL.
  const external = inOrder.filter(({ internal: isOwn, scopeid }) => !isOwn && !scopeid);
  const addresses = external.map(({ address }) => address);
  const here = internal[0]?.address ?? addresses[0] ?? '127.0.0.1';
  return { here: inUrl(here), others: forOthers([...names, ...addresses]) };
}

/** Whether it stands for all addresses of a machine: `0.0.0.0`, `::`, or a longer form of that. */
const isEverywhere = (host: string): boolean => isIP(host) > 0 && /^[0:.]+$/.test(host);

/** The address of the dashboard, for a browser, from the address for workers. */
export const dashboardUrl = (workerUrl: string): string =>
  `${workerUrl.replace(/^ws/, 'http').replace(/#.*$/, '')}/`;

/** A host as it stands in a URL: an IPv6 address in brackets. */
export const inUrl = (host: string): string => (isIP(host) === 6 ? `[${host}]` : host);

const systemInterfaces = (): NetworkInterfaceInfo[] =>
  Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? []);
