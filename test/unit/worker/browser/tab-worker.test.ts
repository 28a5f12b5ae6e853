import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest';
import { WebSocketServer } from 'ws';
import { decodeWorkerFrame } from '../../../../shared/protocol/codec.ts';
import type { TabNews, TabOrder, TabStart } from '../../../../worker/browser/tab-messages.ts';

const START: TabStart = {
  ...{
    base: 'http://127.0.0.1:1/',
    token: 'secret',
    name: 'kitchen',
    runtime: 'browser Chrome 140',
  },
  ...{ identity: 'before', effort: 0.5, threads: 4, isHidden: false, corrupt: 0 },
};

/** The types of tests know no browser, so the module is imported by its name alone. */
const MODULE: string = '../../../../worker/browser/tab-worker.ts';

const news: TabNews[] = [];
let give: (order: TabOrder) => void = () => {};
let isOffline = true;

/** A browser's worker has these. Its kernels are files of this machine here. */
beforeAll(async () => {
  vi.stubGlobal('addEventListener', (_: string, listen: (event: { data: TabOrder }) => void) => {
    give = (order) => listen({ data: order });
  });
  vi.stubGlobal('postMessage', (each: TabNews) => news.push(each));
  vi.stubGlobal('fetch', async (url: URL) => {
    if (isOffline) throw new Error('offline');
    return new Response(readFileSync(url));
  });
  await import(MODULE);
});
afterAll(() => void vi.unstubAllGlobals());

const until = (event: TabNews['event']) =>
  expect.poll(() => news.find((each) => each.event === event), { timeout: 60_000 });

describe('the worker of a tab', () => {
  test('says that it has no kernels, and may start again', async () => {
    give({ order: 'start', start: START });
    await until('failed').toMatchObject({ code: 'NETWORK', isForGood: false });
    expect(news[0]).toEqual({ event: 'connecting' });
  });

  test('says hello with what the page knows, with one thread if no memory is shared', async () => {
    isOffline = false;
    news.length = 0;
    const server = new WebSocketServer({ host: '127.0.0.1', port: 0 });
    onTestFinished(() => {
      for (const client of server.clients) client.terminate();
      server.close();
    });
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    give({ order: 'start', start: { ...START, base: `http://127.0.0.1:${port}/` } });
    const [socket] = await once(server, 'connection');
    const [frame] = await once(socket, 'message');
    expect(decodeWorkerFrame(frame).message).toMatchObject({
      ...{ type: 'hello', name: 'kitchen', runtime: 'browser Chrome 140', token: 'secret' },
      ...{ identity: 'before', threads: 1, numerics: ['fused', 'strict'] },
    });
    give({ order: 'pause' });
    await until('left').toEqual({ event: 'left', outcome: 'drained' });
  });
});
