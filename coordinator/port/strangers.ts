import type { Server, Socket } from 'node:net';

/** A connection that can be ended at once. */
interface Connection {
  destroy(): void;
}

/** An address with no more connections than this is not one that has many. */
const FEW = 8;

/**
 * Connections of peers that have not shown who they are. There is room for few of them. A new one
 * is never turned away: it takes the place of the oldest one of its address or, if there are too
 * many in all, of the oldest one of the address that has most. If all addresses have few, it takes
 * the place of the oldest one of all. So a peer gets in by showing who it is soon, however many
 * others just connect, and from however many addresses.
 */
export interface Strangers {
  /** `key` is the connection's own. */
  add(key: string, connection: Connection, address: string): void;
  /** The peer is known, or gone: it takes no room. */
  remove(key: string): void;
  readonly count: number;
}

export function createStrangers(countMax: number, countPerAddressMax: number): Strangers {
  /** Each address has its connections by their keys, the oldest one first. */
  const byAddress = new Map<string, Map<string, Connection>>();
  const addressOf = new Map<string, string>();

  function oldestOfMost(): Iterable<[string, Connection]> {
    const most = largest(byAddress.values());
    if (most.size > FEW) return most;
    const [[key, address]] = addressOf;
    const connection = byAddress.get(address)?.get(key);
    return connection ? [[key, connection]] : most;
  }

  function remove(key: string): void {
    const address = addressOf.get(key);
    if (address === undefined) return;
    addressOf.delete(key);
    const connections = byAddress.get(address);
    connections?.delete(key);
    if (connections?.size === 0) byAddress.delete(address);
  }

  function endOldest([[key, connection]]: Iterable<[string, Connection]>): void {
    remove(key);
    connection.destroy();
  }

  return {
    remove,
    get count() {
      return addressOf.size;
    },
    add(key, connection, address) {
      const connections = byAddress.get(address) ?? new Map<string, Connection>();
      if (connections.size >= countPerAddressMax) endOldest(connections);
      else if (addressOf.size >= countMax) endOldest(oldestOfMost());
      addressOf.set(key, address);
      byAddress.set(address, connections.set(key, connection));
    },
  };
}

/** The largest of at least one map: the first one, if there are several. */
function largest<K, V>(maps: Iterable<ReadonlyMap<K, V>>): ReadonlyMap<K, V> {
  return [...maps].reduce((most, map) => (map.size > most.size ? map : most));
}

/** The same for a TLS socket and for the TCP socket below it. */
export const connectionKey = ({ remoteAddress, remotePort }: Socket): string =>
  `${remoteAddress} ${remotePort}`;

/** Adds each connection that a server accepts, until it is closed. */
export function addConnectionsOf(server: Server, strangers: Strangers): void {
  server.on('connection', (socket) => {
    const key = connectionKey(socket);
    strangers.add(key, socket, socket.remoteAddress ?? '');
    socket.once('close', () => strangers.remove(key));
  });
}
