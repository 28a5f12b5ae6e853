import { once } from 'node:events';
import { request } from 'node:http';
import { connect, type Socket } from 'node:net';
import { setImmediate } from 'node:timers/promises';
import { describe, expect, onTestFinished, test } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import { createRights } from '../../coordinator/port/answers/rights.ts';
import { encodeFrame } from '../../shared/protocol/codec.ts';
import { systemClock } from '../../shared/system-clock.ts';
import { parseCoordinatorAddress } from '../../worker/coordinator-address.ts';
import { runWorker, type WorkerEvent } from '../../worker/run-worker.ts';
import { dialWebSocket } from '../../worker/websocket-dial.ts';
import { startPortServer } from '../support/processes/port-server.ts';
import { connectRawPeer, openRealCluster } from '../support/processes/real-cluster.ts';
import { createToyDataset } from '../support/toy-dataset.ts';
import { hashOf, naiveEngine, toyConfig, trainLocally } from '../support/toy-run.ts';

const EPOCHS = 2;
const dataset = createToyDataset();
const config = toyConfig(dataset);
const expectedHash = trainLocally(config, dataset, EPOCHS).then(({ server }) => hashOf(server));

const HANDSHAKE = [
  'GET / HTTP/1.1',
  'Host: localhost',
  'Upgrade: websocket',
  'Connection: Upgrade',
  'Sec-WebSocket-Version: 13',
  'Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==',
  '\r\n',
].join('\r\n');
const STATUS = '{"state":"training"}\n';

/** A server without a run behind it, and how it answers `GET /api/status`. */
async function startServer(options: Parameters<typeof startPortServer>[0] = {}) {
  const server = await startPortServer(options);
  const get = (headers: Record<string, string>) => getStatus(server.port, headers);
  return { ...server, get };
}

/** The status code, the headers and the body of `GET /api/status` with these headers. */
async function getStatus(port: number, headers: Record<string, string>) {
  const asked = request({ port, host: '127.0.0.1', path: '/api/status', headers }).end();
  const [response] = await once(asked, 'response');
  const body = (await response.toArray()).join('');
  return { code: response.statusCode, headers: response.headers, body };
}

async function openSocket(port: number): Promise<Socket> {
  const socket = connect(port, '127.0.0.1').on('error', () => {});
  onTestFinished(() => void socket.destroy());
  await once(socket, 'connect');
  return socket;
}

test('a port that will do is taken if it is free, and another one if it is not', async () => {
  const first = await startPortServer();
  const { port } = first;
  expect((await startPortServer({ preferredPort: port })).port).not.toBe(port);
  await first.close();
  expect((await startPortServer({ preferredPort: port })).port).toBe(port);
  await expect(startPortServer({ port })).rejects.toThrow('the port is in use');
});

describe('a peer that sends empty messages', () => {
  test.for([
    ['text', ''],
    ['binary', Buffer.of()],
  ] as const)('of %s loses its connection, and nothing else happens', async ([, message]) => {
    const cluster = await openRealCluster(config, EPOCHS);
    for (let i = 0; i < 3; i++) {
      const peer = await connectRawPeer(cluster.url);
      for (let j = 0; j < 5; j++) peer.sendRaw(message);
      expect(await peer.closed).toBe(4000);
    }
    const worker = cluster.startWorker();
    expect(await cluster.train()).toBe(await expectedHash);
    await worker;
  });

  test('is a coordinator: the worker tries again', async () => {
    const server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
    onTestFinished(() => server.close());
    server.on('connection', (socket) => {
      socket.once('message', () => {
        for (let i = 0; i < 3; i++) socket.send(Buffer.of());
      });
    });
    await once(server, 'listening');
    const url = `ws://127.0.0.1:${(server.address() as { port: number }).port}`;
    const events: WorkerEvent[] = [];
    const leave = new AbortController();
    await runWorker(
      {
        url,
        dial: (signal) => dialWebSocket(parseCoordinatorAddress(url), {}, signal),
        session: {
          clock: systemClock,
          openEngine: () => naiveEngine,
          identity: { name: 'test', numerics: ['strict'] },
          loadDataset: async () => dataset,
          pause: () => setImmediate(),
        },
        clock: systemClock,
        random: () => 0,
        firstRetryMs: 10_000,
        retryMs: 10_000,
        report(event) {
          events.push(event);
          if (events.length === 2) leave.abort();
        },
      },
      leave.signal,
    );
    expect(events).toMatchObject([
      { event: 'retry', reason: 'frame of 0 bytes is too short' },
      { event: 'retry', reason: 'frame of 0 bytes is too short' },
      { event: 'left' },
    ]);
  });
});

describe('a peer that asks for much and reads nothing', () => {
  // More than the system's buffers take of a peer that does not read.
  const page = `"${'x'.repeat(8 * 1024 * 1024)}"`;
  const ask = 'GET /api/steps HTTP/1.1\r\nHost: localhost\r\n\r\n';

  test('gets one answer, and the next one when it has read that', async () => {
    let answers = 0;
    const stepsAfter = () => {
      answers++;
      return page;
    };
    const { port, get } = await startServer({ stepsAfter });
    const socket = await openSocket(port);
    socket.pause();
    socket.write(ask.repeat(10));
    expect((await get({})).body).toBe(STATUS);
    expect(answers).toBe(1);
    let received = 0;
    socket.on('data', (piece) => {
      received += piece.length;
    });
    socket.resume();
    while (received < 10 * page.length) await once(socket, 'data');
    expect(answers).toBe(10);
  });

  test('is cut off when it asks for too many answers at once', async () => {
    let answers = 0;
    const stepsAfter = () => {
      answers++;
      return page;
    };
    const { port, get } = await startServer({ stepsAfter });
    const socket = await openSocket(port);
    socket.pause();
    socket.write(ask.repeat(1_000));
    await once(socket.resume(), 'close');
    expect(answers).toBeLessThan(17);
    expect((await get({})).body).toBe(STATUS);
  });
});

test('connections that show nothing make room for those that do', async () => {
  const cluster = await openRealCluster(config, EPOCHS);
  const port = Number(new URL(cluster.url).port);
  const idle = await Promise.all(Array.from({ length: 200 }, () => openSocket(port)));
  const open = idle.filter((socket) => !socket.closed).length;
  expect(open).toBeLessThanOrEqual(200);
  const greeting = await Promise.all(
    Array.from({ length: 200 }, () => connectRawPeer(cluster.url)),
  );
  const worker = cluster.startWorker();
  expect(await cluster.train()).toBe(await expectedHash);
  await worker;
  for (const peer of greeting.slice(0, 50)) expect(await peer.closed).toBe(1006);
});

test('a peer that begins with an error loses its connection', async () => {
  const cluster = await openRealCluster(config, EPOCHS);
  for (let round = 0; round < 3; round++) {
    const peers = await Promise.all(Array.from({ length: 100 }, () => connectRawPeer(cluster.url)));
    for (const peer of peers) peer.send({ type: 'error', code: 'TEST', message: 'hello?' });
    for (const peer of peers) expect(await peer.closed).toBe(1000);
  }
  const worker = cluster.startWorker();
  expect(await cluster.train()).toBe(await expectedHash);
  await worker;
});

test('a peer that does not answer a close loses its socket', async () => {
  const { url } = await openRealCluster(config, EPOCHS);
  const socket = await openSocket(Number(new URL(url).port));
  socket.write(HANDSHAKE);
  await once(socket, 'data');
  const error = encodeFrame({ type: 'error', code: 'TEST', message: 'bye' });
  socket.write(Buffer.concat([Buffer.of(0x82, 0x80 | error.length, 0, 0, 0, 0), error]));
  await once(socket, 'close');
});

describe('a frame of a peer that was not welcomed', () => {
  test('has at most 64 KiB', async () => {
    const { url } = await openRealCluster(config, EPOCHS);
    const short = await connectRawPeer(url);
    short.sendRaw(Buffer.alloc(64 * 1024));
    expect(await short.closed).toBe(4000);
    const long = await connectRawPeer(url);
    long.sendRaw(Buffer.alloc(64 * 1024 + 1));
    expect(await long.closed).toBe(1009);
  });

  test('is no way around that when it comes with the handshake', async () => {
    const { url } = await openRealCluster(config, EPOCHS);
    const socket = await openSocket(Number(new URL(url).port));
    const header = Buffer.alloc(14);
    header.set([0x82, 0x80 | 127, 0, 0, 0, 0, 0, 1, 0, 1]);
    socket.write(Buffer.concat([Buffer.from(HANDSHAKE), header]));
    let answer = Buffer.of();
    socket.on('data', (piece: Buffer) => {
      answer = Buffer.concat([answer, piece]);
    });
    await once(socket, 'close');
    expect(answer.toString('latin1')).toContain('101 Switching Protocols');
    // A close frame with code 1009.
    expect(answer.includes(Buffer.of(0x88, 16, 1009 >> 8, 1009 & 255))).toBe(true);
  });
});

describe('a request of another page', () => {
  test.for([
    [{ host: 'evil.example' }, 'does not know itself as'],
    [{ origin: 'http://evil.example' }, 'may not use this coordinator'],
    [{ origin: 'null' }, 'may not use this coordinator'],
  ] as const)('with %o gets no status and no connection', async ([headers, reason]) => {
    const { url, get } = await startServer();
    const { code, body } = await get(headers);
    expect([code, body]).toEqual([403, expect.stringContaining(reason)]);
    const socket = new WebSocket(url, { headers });
    const [, response] = await once(socket, 'unexpected-response');
    expect(response.statusCode).toBe(403);
    expect((await response.toArray()).join('')).toContain(reason);
    expect(response.headers['x-content-type-options']).toBe('nosniff');
  });

  test('is answered if the host is allowed and the page is its own', async () => {
    const { get, url } = await startServer({ allowedHosts: ['lockstep.example'] });
    const headers = { host: 'lockstep.example', origin: 'https://lockstep.example' };
    expect((await get(headers)).body).toBe(STATUS);
    const socket = new WebSocket(url, { headers });
    await once(socket, 'open');
    socket.terminate();
  });

  test('is one that a worker understands: it names the flag', async () => {
    const { port } = await startServer();
    const never = new AbortController().signal;
    // Linux connects to itself, under an address that the coordinator does not know.
    const address = parseCoordinatorAddress(`ws://0.0.0.0:${port}`);
    await expect(dialWebSocket(address, {}, never)).rejects.toThrow(
      /^HTTP status 403: this coordinator does not know itself as "0.0.0.0": .*--allow-host/,
    );
  });

  test('cannot read an answer, nor take it for another type', async () => {
    const { get } = await startServer();
    const { headers } = await get({});
    expect(headers).toMatchObject({
      'cache-control': 'no-store',
      'cross-origin-resource-policy': 'same-origin',
      'x-content-type-options': 'nosniff',
    });
    expect(Object.keys(headers).filter((name) => name.startsWith('access-control'))).toEqual([]);
  });
});

test('an answer that takes a while ends its connection too if it fails', async () => {
  const metrics = async () => {
    await setImmediate();
    throw new TypeError('bug');
  };
  const { get, port, faults } = await startServer({ metrics });
  await expect(fetch(`http://127.0.0.1:${port}/metrics`)).rejects.toThrow('fetch failed');
  expect(faults).toEqual([new TypeError('bug')]);
  expect((await get({})).body).toBe(STATUS);
});

test('an answer that fails ends its connection, and nothing else', async () => {
  let isBroken = true;
  const { get, faults } = await startServer({
    status() {
      if (isBroken) throw new TypeError('bug');
      return { state: 'training' };
    },
  });
  await expect(get({})).rejects.toThrow('socket hang up');
  expect(faults).toEqual([new TypeError('bug')]);
  isBroken = false;
  expect((await get({})).body).toBe(STATUS);
});

test('bytes that somebody has already are not sent again', async () => {
  const answer = { body: Uint8Array.of(1, 2, 3), headers: { etag: '"7"', 'lockstep-step': '7' } };
  const { port } = await startServer({ routes: new Map([['/api/bytes', () => answer]]) });
  const ask = (headers: Record<string, string>) =>
    fetch(`http://127.0.0.1:${port}/api/bytes`, { headers });
  const first = await ask({});
  expect([first.status, first.headers.get('lockstep-step')]).toEqual([200, '7']);
  expect(await first.bytes()).toEqual(answer.body);
  const second = await ask({ 'if-none-match': '"7"' });
  expect([second.status, (await second.bytes()).length]).toEqual([304, 0]);
  expect((await ask({ 'if-none-match': '"6"' })).status).toBe(200);
});

describe('with a token, an answer', () => {
  const rightsOf = createRights({ token: 'secret', watchToken: 'look' });
  const content = new Uint8Array([1, 2, 3]);
  const data = `/data/${'0'.repeat(64)}`;
  const codeOf = async (path: string, headers: Record<string, string>) => {
    const contentOf = () => (path === data ? content : undefined);
    const dataRoutes = new Map([['/api/study', () => '{}']]);
    const { port } = await startServer({ rightsOf, contentOf, dataRoutes });
    const response = await fetch(`http://127.0.0.1:${port}${path}`, { headers });
    await response.bytes();
    return response.status;
  };
  const bearer = (token: string) => ({ authorization: `Bearer ${token}` });

  test.for([
    ['/healthz', 200, 200, 200],
    ['/', 401, 200, 200],
    ['/api/status', 401, 200, 200],
    ['/api/steps', 401, 200, 200],
    ['/metrics', 401, 200, 200],
    ['/api/events', 401, 503, 503],
    ['/status', 401, 200, 200],
    [data, 401, 401, 200],
    ['/api/study', 401, 401, 200],
    ['/elsewhere', 401, 404, 404],
  ] as const)('to %s needs the right to it', async ([path, nobody, watcher, owner]) => {
    expect(await codeOf(path, {})).toBe(nobody);
    expect(await codeOf(path, bearer('wrong'))).toBe(nobody);
    expect(await codeOf(path, bearer('look'))).toBe(watcher);
    expect(await codeOf(path, bearer('secret'))).toBe(owner);
    expect(await codeOf(path, { 'lockstep-token': 'secret' })).toBe(owner);
  });

  test('that is refused says which right it needs, and not the token', async () => {
    const { port } = await startServer({ rightsOf });
    const headers = bearer('a secret of somebody');
    const response = await fetch(`http://127.0.0.1:${port}/api/status`, { headers });
    expect(response.headers.get('www-authenticate')).toMatch(/^Bearer/);
    const { error } = (await response.json()) as { error: string };
    expect(error).toMatch(/needs a token with the right to watch: send the header "Authorization/);
    expect(error).not.toContain('a secret of somebody');
  });
});
