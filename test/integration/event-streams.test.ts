import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { connect as connectSecurely } from 'node:tls';
import { describe, expect, onTestFinished, test } from 'vitest';
import { EventStreams } from '../../coordinator/dashboard/event-streams.ts';
import type { Cursor, Update } from '../../coordinator/dashboard/model/run-view.ts';
import { eventData } from '../../coordinator/dashboard/page/connection/event-data.ts';
import type { TlsFiles } from '../../coordinator/port/tls.ts';
import { makeSelfSigned } from '../../shared/host/self-signed.ts';
import { systemClock } from '../../shared/system-clock.ts';
import { startPortServer } from '../support/processes/port-server.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { toyUpdate } from '../support/toy-update.ts';

const ASK = 'GET /api/events HTTP/1.1\r\nHost: localhost\r\n\r\n';
/** More than the system's buffers take of a peer that does not read. */
const LONG_NAME = 'x'.repeat(8 * 1024 * 1024);

/** A port with a run that makes a step when it is asked. `isLong`: its first update is long. */
async function startRun(
  options: { streamsMax?: number; idleTimeoutMs?: number; isLong?: boolean; tls?: TlsFiles } = {},
) {
  const { streamsMax = 128, isLong = false, ...ofServer } = options;
  const asked: (Cursor | undefined)[] = [];
  let step = 0;
  const streams = new EventStreams({
    updateAfter(cursor) {
      asked.push(cursor);
      const isWhole = cursor?.source !== 'a';
      const update = toyUpdate({ source: 'a', step: ++step, epoch: 0, revision: 0 }, isWhole);
      const note = {
        id: 0,
        revision: 0,
        time: 0,
        step,
        kind: 'note',
        message: LONG_NAME,
        count: 1,
        firstTime: 0,
        firstStep: step,
      };
      return isLong && isWhole ? { ...update, incidents: [note] } : update;
    },
    headers: {},
    clock: systemClock,
    date: Date.now,
    onFault(error) {
      throw error;
    },
    streamsMax,
  });
  const openEvents: EventStreams['open'] = (...args) => streams.open(...args);
  const { port } = await startPortServer({ ...ofServer, openEvents });
  onTestFinished(() => streams.close());
  return { streams, asked, port };
}

/** The updates that a page gets. */
async function* updatesOf(port: number, headers: Record<string, string> = {}) {
  const end = new AbortController();
  const url = `http://127.0.0.1:${port}/api/events`;
  try {
    const { body } = await fetch(url, { headers, signal: end.signal });
    if (body) for await (const data of eventData(body)) yield JSON.parse(data) as Update;
  } finally {
    end.abort();
  }
}

/** Reads until an update is one that `isIt` holds for. */
async function untilUpdate(
  updates: AsyncGenerator<Update>,
  isIt: (update: Update) => boolean = () => true,
): Promise<Update> {
  for (;;) {
    const { value } = await updates.next();
    if (!value) throw new Error('the stream has ended');
    if (isIt(value)) return value;
  }
}

async function openSocket(port: number, text: string): Promise<Socket> {
  const socket = connect(port, '127.0.0.1').on('error', () => {});
  onTestFinished(() => void socket.destroy());
  await once(socket, 'connect');
  socket.write(text);
  return socket;
}

test('ten pages go on beside one that never reads, and nothing is made for that one', async () => {
  const { streams, asked, port } = await startRun({ isLong: true });
  const stuck = await openSocket(port, ASK);
  stuck.pause();
  const lastId = { 'last-event-id': 'a.0.0.0' };
  const pages = Array.from({ length: 10 }, () => updatesOf(port, lastId));
  await Promise.all(pages.map((page) => untilUpdate(page)));
  expect(streams.count).toBe(11);
  const [{ step = 0 } = {}] = asked.splice(0).slice(-1);
  // Some updates are on the way. These ones are made from now on.
  const isNew = ({ cursor }: Update) => cursor.step > step + 50;
  await Promise.all(pages.map((page) => untilUpdate(page, isNew)));
  // Nothing was made for the one that has not read its first update, after step 1.
  expect(asked.length).toBeGreaterThan(0);
  expect(asked.filter((cursor) => cursor === undefined || cursor.step <= 1)).toEqual([]);
  await Promise.all(pages.map((page) => page.return(undefined)));
});

describe('a page that never reads', () => {
  test('is cut off after the idle time, and a page that reads is not', async () => {
    const { streams, port } = await startRun({ isLong: true, idleTimeoutMs: 3_000 });
    const reader = updatesOf(port);
    await untilUpdate(reader);
    const stuck = await openSocket(port, ASK);
    stuck.pause();
    const isCut = new Promise((resolve) => {
      const look = setInterval(() => streams.count === 1 && resolve(clearInterval(look)), 50);
      onTestFinished(() => clearInterval(look));
    });
    await untilUpdate(reader, () => streams.count === 2);
    await isCut;
    await untilUpdate(reader);
    await reader.return(undefined);
  });

  test('is cut off over TLS too', async () => {
    const folder = temporaryFolder();
    const tls = { cert: join(folder, 'cert.pem'), key: join(folder, 'key.pem') };
    const pair = await makeSelfSigned(['127.0.0.1'], 10);
    writeFileSync(tls.cert, pair.cert);
    writeFileSync(tls.key, pair.key);
    const { streams, port } = await startRun({ isLong: true, idleTimeoutMs: 3_000, tls });
    const stuck = connectSecurely({ port, host: '127.0.0.1', rejectUnauthorized: false });
    onTestFinished(() => void stuck.destroy());
    stuck.on('error', () => {});
    await once(stuck, 'secureConnect');
    stuck.write(ASK);
    await once(stuck, 'readable');
    expect(streams.count).toBe(1);
    stuck.pause();
    await new Promise((resolve) => {
      const look = setInterval(() => streams.count === 0 && resolve(clearInterval(look)), 50);
      onTestFinished(() => clearInterval(look));
    });
  });
});

test('the number of streams is bounded; the next one is told so, and gets the place', async () => {
  const { port } = await startRun({ streamsMax: 3 });
  const pages = Array.from({ length: 3 }, () => updatesOf(port));
  await Promise.all(pages.map((page) => untilUpdate(page)));
  const refused = await fetch(`http://127.0.0.1:${port}/api/events`);
  expect(refused.status).toBe(503);
  expect(refused.headers.get('retry-after')).toBe('10');
  expect(await refused.json()).toEqual({ error: 'too many dashboards are open: close one' });
  await pages[0].return(undefined);
  for (;;) {
    const response = await fetch(`http://127.0.0.1:${port}/api/events`);
    await response.body?.cancel();
    if (response.status === 200) break;
  }
  await Promise.all(pages.map((page) => page.return(undefined)));
});

test('streams are not pushed out by newer connections that ask for nothing', async () => {
  const { streams, port } = await startRun();
  const page = updatesOf(port);
  await untilUpdate(page);
  const idle = await Promise.all(Array.from({ length: 200 }, () => openSocket(port, '')));
  expect(idle.length).toBe(200);
  await untilUpdate(page);
  await untilUpdate(page);
  expect(streams.count).toBe(1);
  await page.return(undefined);
});

test('a page goes on after its cursor; with one of another process it begins anew', async () => {
  const { port } = await startRun();
  const first = await untilUpdate(updatesOf(port));
  expect(first.isWhole).toBe(true);
  const isWhole = async (id: string) =>
    (await untilUpdate(updatesOf(port, { 'last-event-id': id }))).isWhole;
  expect(await isWhole('a.1.0.0')).toBe(false);
  expect(await isWhole('b.1.0.0')).toBe(true);
  for (const nonsense of ['', 'a', 'a.1.0', 'a.-1.0.0', 'a.1.0.0.0', `${'a'.repeat(65)}.1.0.0`])
    expect(await isWhole(nonsense)).toBe(true);
});

test('HEAD asks for the kind of answer, and opens no stream', async () => {
  const { streams, asked, port } = await startRun();
  const head = request({ port, host: '127.0.0.1', path: '/api/events', method: 'HEAD' }).end();
  const [{ statusCode, headers }] = await once(head, 'response');
  expect([statusCode, headers['content-type']]).toEqual([200, 'text/event-stream']);
  expect([streams.count, asked.length]).toEqual([0, 0]);
});

test('a client of HTTP/1.0 gets the events as they are, and no chunks', async () => {
  const { streams, port } = await startRun();
  const socket = await openSocket(port, ASK.replace('1.1', '1.0'));
  let text = '';
  for await (const piece of socket) {
    text += piece;
    if (text.split('\n\n').length < 3) continue;
    streams.close();
  }
  const [head, body] = text.split('\r\n\r\n');
  expect(head).toMatch(/^HTTP\/1.1 200 OK\r\n/);
  expect(head.toLowerCase()).not.toContain('transfer-encoding');
  expect(body).toMatch(/^id: a\.1\.0\.0\ndata: \{/);
});

test('the end of the run ends the connections, so that the port closes at once', async () => {
  const { streams, port } = await startRun();
  const socket = await openSocket(port, ASK);
  let text = '';
  socket.on('data', (piece) => {
    text += piece;
  });
  await once(socket, 'data');
  streams.close();
  await once(socket, 'close');
  expect(text.toLowerCase()).toContain('connection: close\r\n');
  expect(text).toContain('id: a.2.0.0\n');
});
