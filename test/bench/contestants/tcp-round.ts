/**
 * A contestant that measures synchronous rounds over plain TCP on this machine. No round in Node
 * can cost less.
 *
 *   node tcp-round.ts server CLIENTS
 */

import type { AddressInfo } from 'node:net';
import { connect, createServer, type Socket } from 'node:net';
import { fileURLToPath } from 'node:url';
import { endWithServer, startClients, timeRounds, VECTOR_LENGTH } from './round-timing.ts';

const BYTES = VECTOR_LENGTH * Float32Array.BYTES_PER_ELEMENT;
const [, , role, argument] = process.argv;
if (role === 'client') answer(Number(argument));
else await serve(Number(argument));

/** Calls `onVector` each time a whole vector has arrived. */
function collect(socket: Socket, onVector: () => void): void {
  const vector = Buffer.alloc(BYTES);
  let received = 0;
  socket.on('data', (chunk) => {
    vector.set(chunk, received);
    received += chunk.length;
    if (received < BYTES) return;
    received = 0;
    onVector();
  });
}

function answer(port: number): void {
  endWithServer();
  const vector = Buffer.alloc(BYTES, 7);
  const socket = connect(port, '127.0.0.1').setNoDelay();
  collect(socket, () => socket.write(vector));
}

async function serve(clientCount: number): Promise<void> {
  const sockets: Socket[] = [];
  let pending = 0;
  let finish = () => {};
  const gathered = Promise.withResolvers<void>();
  const server = createServer({ noDelay: true }, (socket) => {
    collect(socket, () => --pending === 0 && finish());
    if (sockets.push(socket) === clientCount) gathered.resolve();
  }).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  startClients(
    fileURLToPath(import.meta.url),
    clientCount,
    String((server.address() as AddressInfo).port),
  );
  await gathered.promise;
  const parameters = Buffer.alloc(BYTES, 3);
  await timeRounds(() => {
    pending = clientCount;
    for (const socket of sockets) socket.write(parameters);
    return new Promise((resolve) => {
      finish = resolve;
    });
  });
  process.exit();
}
