import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { parseCoordinatorAddress } from '../../../worker/coordinator-address.ts';
import { dialWebSocket } from '../../../worker/websocket-dial.ts';

test('a refusal that never ends is read for two seconds at most', async () => {
  const server = createServer((_, response) => {
    response.writeHead(503);
    const timer = setInterval(() => response.write('x'), 20);
    response.on('close', () => clearInterval(timer));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  const address = parseCoordinatorAddress(`ws://127.0.0.1:${port}`);
  await expect(dialWebSocket(address, {}, new AbortController().signal)).rejects.toThrow(
    'HTTP status 503: no coordinator answers there',
  );
});
