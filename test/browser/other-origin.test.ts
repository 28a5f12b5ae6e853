import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, onTestFinished, test } from 'vitest';
import { chromium, openPage } from '../support/browser/chromium.ts';
import { openRealCluster } from '../support/processes/real-cluster.ts';
import { createToyDataset } from '../support/toy-dataset.ts';
import { toyConfig } from '../support/toy-run.ts';

/** A page that tries to use a coordinator, and posts how far it came to its own server. */
const attackOn = (httpUrl: string): string => `<!doctype html>
<script type="module">
  const outcome = (promise) => promise.then((text) => 'got ' + text, (error) => error.name);
  const join = () => new Promise((resolve) => {
    const socket = new WebSocket('${httpUrl.replace('http', 'ws')}');
    socket.onopen = () => resolve('joined');
    socket.onerror = () => resolve('refused');
  });
  const read = async (init) => (await fetch('${httpUrl}/api/status', init)).text();
  const embed = () => new Promise((resolve) => {
    const script = document.createElement('script');
    script.src = '${httpUrl}/api/status';
    script.onload = () => resolve('loaded');
    script.onerror = () => resolve('refused');
    document.head.append(script);
  });
  fetch('/result', {
    method: 'POST',
    body: JSON.stringify({
      join: await join(),
      read: await outcome(read()),
      readOpaquely: await outcome(read({ mode: 'no-cors' })),
      embed: await embed(),
    }),
  });
</script>`;

describe.skipIf(!chromium)('in a browser (skipped if Chromium is not installed)', () => {
  test('a page of another origin can neither join a coordinator nor read its answers', async () => {
    const dataset = createToyDataset();
    const { httpUrl, pool } = await openRealCluster(toyConfig(dataset), 1);
    const { promise, resolve } = Promise.withResolvers<string>();
    const evil = createServer(async (request, response) => {
      if (request.method === 'POST') resolve((await request.toArray()).join(''));
      response.writeHead(200, { 'content-type': 'text/html' }).end(attackOn(httpUrl));
    });
    evil.listen(0, '127.0.0.1');
    await once(evil, 'listening');
    onTestFinished(() => {
      evil.closeAllConnections();
      evil.close();
    });
    openPage(`http://127.0.0.1:${(evil.address() as AddressInfo).port}/`);
    expect(JSON.parse(await promise)).toEqual({
      join: 'refused',
      read: 'TypeError',
      readOpaquely: 'TypeError',
      embed: 'refused',
    });
    expect(pool.counters.receivedBytes).toBe(0);
  });
});
