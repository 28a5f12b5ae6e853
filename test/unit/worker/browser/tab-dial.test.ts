import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { type WebSocket, WebSocketServer } from 'ws';
import { CLOSE, type Link } from '../../../../shared/protocol/link.ts';
import { dialFromTab } from '../../../../worker/browser/tab-dial.ts';

const never = new AbortController().signal;

async function startServer() {
  const server = new WebSocketServer({ host: '127.0.0.1', port: 0 });
  onTestFinished(() => {
    for (const client of server.clients) client.terminate();
    server.close();
  });
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return { server, url: `ws://127.0.0.1:${port}/` };
}

/** A link of a tab, the coordinator's end of it, and what the tab hears. */
async function connect() {
  const { server, url } = await startServer();
  const accepted = once(server, 'connection') as Promise<[WebSocket]>;
  const openLink = await dialFromTab(url, never);
  const [peer] = await accepted;
  const frames: Uint8Array[] = [];
  const { promise: closed, resolve } = Promise.withResolvers<[code: number, reason: string]>();
  const link: Link = openLink({
    onFrame: (frame) => frames.push(frame),
    onClose: (code, reason) => resolve([code, reason]),
  });
  return { link, peer, frames, closed };
}

test('a tab sends and gets frames, and knows where its coordinator is', async () => {
  const { link, peer, frames } = await connect();
  expect(link).toMatchObject({ address: '127.0.0.1', isLocal: true });
  const sent = once(peer, 'message');
  let isSent = false;
  link.send(Uint8Array.of(1, 2, 3), () => {
    isSent = true;
  });
  expect(isSent).toBe(true);
  expect((await sent)[0]).toEqual(Buffer.of(1, 2, 3));
  peer.send(Buffer.of(4, 5));
  await expect.poll(() => frames).toEqual([Uint8Array.of(4, 5)]);
});

test.for([
  [CLOSE.normal, 'done', CLOSE.normal, 'done'],
  [CLOSE.refused, 'é'.repeat(100), CLOSE.refused, 'é'.repeat(61)],
  [1011, 'a code that no page may send', 1005, ''],
] as const)('a tab that closes with %d %j says %d %j', async ([code, reason, said, text]) => {
  const { link, peer } = await connect();
  const closed = once(peer, 'close');
  link.close(code, reason);
  const [peerCode, peerReason] = await closed;
  expect([peerCode, String(peerReason)]).toEqual([said, text]);
});

test('a tab hears why its coordinator closes, without characters that no page shows', async () => {
  const { peer, closed, link } = await connect();
  peer.close(CLOSE.refused, 'a wrong\u0007 token');
  const [code, reason] = await closed;
  expect(code).toBe(CLOSE.refused);
  expect(reason).toMatch(/^a wrong.+token$/);
  expect(reason).not.toContain('\u0007');
  link.send(Uint8Array.of(1));
});

test('a tab that gets text closes the connection', async () => {
  const { peer, frames } = await connect();
  const closed = once(peer, 'close');
  peer.send('hello');
  expect((await closed)[0]).toBe(CLOSE.protocolError);
  expect(frames).toEqual([]);
});

test('a tab that reaches nobody fails with a NETWORK error', async () => {
  const { server, url } = await startServer();
  server.close();
  await expect(dialFromTab(url, never)).rejects.toMatchObject({
    code: 'NETWORK',
    message: 'no connection',
  });
});

test('a tab that is told to stop does not wait for an answer', async () => {
  const { url } = await startServer();
  const controller = new AbortController();
  const dialing = dialFromTab(url, controller.signal);
  controller.abort(new Error('enough'));
  await expect(dialing).rejects.toThrow('enough');
  await expect(dialFromTab(url, controller.signal)).rejects.toThrow('enough');
});
