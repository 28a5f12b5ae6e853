import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { onTestFinished } from 'vitest';

/** A bad network line. Its properties hold for each direction. */
export interface Line {
  readonly delayMs: number;
  /** How much the delay varies at most, up or down. */
  readonly jitterMs: number;
  readonly bytesPerSecond: number;
  /** The probability that a packet is lost. All later data waits until it is sent again. */
  readonly lossProbability: number;
  /** How much longer a chunk travels if one of its packets was lost. */
  readonly resendMs: number;
  /** Draws numbers uniformly from [0, 1). */
  readonly random: () => number;
}

const PACKET_BYTES = 1448;
/** The sender is paused while more bytes than this wait for delivery. */
const QUEUE_BYTES_MAX = 256 * 1024;

/** Listens on loopback and forwards all data to `port` over the line. Resolves to its own port. */
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

  /** Runs `action` at the time `at`, or later if the actions of earlier calls are not done. */
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
  from.on(
    'close',
    (hasFailed) => hasFailed && deliver(performance.now() + delayMs, () => to.destroy()),
  );
}
