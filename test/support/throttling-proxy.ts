import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { onTestFinished } from 'vitest';

/** A bad line, each way. */
export interface Line {
  readonly delayMs: number;
  /** The delay varies by up to so much. */
  readonly jitterMs: number;
  readonly bytesPerSecond: number;
  /** What TCP makes of a lost packet: everything behind it waits for it to be sent again. */
  readonly lossProbability: number;
  readonly resendMs: number;
  /** Uniform in [0, 1). */
  readonly random: () => number;
}

const PACKET_BYTES = 1448;
/** More than so much waiting for its time stops the sender. */
const QUEUE_BYTES_MAX = 256 * 1024;

/** Listens on loopback and passes everything on to `port`, as slowly as the line is. Resolves to its own port. */
export async function startThrottlingProxy(port: number, line: Line): Promise<number> {
  const sockets = new Set<Socket>();
  const server = createServer({ allowHalfOpen: true }, (near) => {
    const far = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
    for (const [from, to] of [[near, far] as const, [far, near] as const]) {
      sockets.add(from);
      from.setNoDelay(true);
      from.on('error', () => {});
      passOn(from, to, line);
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

function passOn(from: Socket, to: Socket, line: Line): void {
  const { delayMs, jitterMs, bytesPerSecond, lossProbability, resendMs, random } = line;
  let lineFreeAt = 0;
  let queuedBytes = 0;
  let delivered = Promise.resolve();

  /** In order, whatever the times are. */
  function deliver(at: number, action: () => void): void {
    delivered = delivered.then(async () => {
      await sleep(Math.max(0, at - performance.now()));
      action();
    });
  }

  from.on('data', (data) => {
    const now = performance.now();
    const packets = Math.ceil(data.length / PACKET_BYTES);
    lineFreeAt = Math.max(lineFreeAt, now) + (data.length / bytesPerSecond) * 1000;
    const isAllThere = random() < (1 - lossProbability) ** packets;
    const travelMs = delayMs + jitterMs * (2 * random() - 1) + (isAllThere ? 0 : resendMs);
    queuedBytes += data.length;
    if (queuedBytes > QUEUE_BYTES_MAX) from.pause();
    deliver(lineFreeAt + travelMs, () => {
      queuedBytes -= data.length;
      if (queuedBytes <= QUEUE_BYTES_MAX) from.resume();
      to.write(data);
    });
  });
  from.on('end', () => deliver(performance.now() + delayMs, () => to.end()));
  from.on('close', (hasFailed) => hasFailed && deliver(performance.now() + delayMs, () => to.destroy()));
}
