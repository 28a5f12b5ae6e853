import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { parseCoordinatorAddress } from '../../../worker/coordinator-address.ts';
import { coordinatorSource } from '../../../worker/coordinator-source.ts';

const file = { name: 'images', sha256: 'a'.repeat(64), bytes: 1000 };
const BYTES_MAX = 1100;

/** Reads the file from a coordinator on loopback that answers so. */
async function readFrom(listener: RequestListener) {
  const server = createServer(listener).listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  const address = parseCoordinatorAddress(`ws://127.0.0.1:${port}`);
  const { signal } = new AbortController();
  const context = { signal, bytesMax: BYTES_MAX, onProgress() {} };
  return coordinatorSource(address, {}, undefined).read(file, context);
}

test('the content comes from its digest’s address', async () => {
  const content = await readFrom(({ url }, response) => response.end(url));
  expect(String(content)).toBe(`/data/${file.sha256}`);
});

test('an answer that never ends is left as soon as it is too long', async () => {
  let closed: Promise<unknown> | undefined;
  const reading = readFrom((_, response) => {
    closed = once(response, 'close');
    const more = () => {
      while (!response.destroyed && response.write(Buffer.alloc(65_536)));
    };
    response.on('drain', more);
    more();
  });
  await expect(reading).rejects.toThrow(`it sends more than ${BYTES_MAX} bytes`);
  await closed;
});

test('an answer that announces too much is not read', async () => {
  const reading = readFrom((_, response) => {
    response.writeHead(200, { 'content-length': 2 ** 33 }).flushHeaders();
  });
  await expect(reading).rejects.toThrow('it announces 8589934592 bytes, but at most 1100');
});

test('a redirect is not followed', async () => {
  const paths: (string | undefined)[] = [];
  const reading = readFrom(({ url }, response) => {
    paths.push(url);
    response.writeHead(307, { location: '/elsewhere' }).end();
  });
  await expect(reading).rejects.toThrow('HTTP status 307: a redirect to /elsewhere');
  expect(paths).toHaveLength(1);
});
