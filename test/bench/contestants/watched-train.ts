/**
 * A contestant that measures what it costs a training coordinator to be watched: two workers of its
 * own, the classic net, global batches of 128.
 *
 *   node watched-train.ts SECONDS WATCHER
 *
 * A WATCHER is `none`, `reader` (reads the stream and does nothing with it), `page` (a Chromium
 * with the dashboard), `crowd` (ten readers, and one that asks and never reads), `learner` (asks
 * what the page of Learning asks, as often, and does nothing with it), `learning-page` (a Chromium
 * with that page) or `hidden-page` (the same, which nobody sees). Prints a line of JSON: the
 * examples/s, and the coordinator's memory and delay of its event loop.
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { chromium as driver } from 'playwright-core';
import { assert } from '../../../shared/assert.ts';
import { findChromium } from '../../support/browser/find-program.ts';
import { contestantFile } from '../take-turns.ts';

const CLI = fileURLToPath(new URL('../../../cli.ts', import.meta.url));
const WARM_UP_MS = 2000;
const ASK = 'GET /api/events HTTP/1.1\r\nHost: localhost\r\n\r\n';

/** A page that nobody sees. */
const HIDDEN = `
  Object.defineProperty(document, 'hidden', { get: () => true });
  Object.defineProperty(document, 'visibilityState', { get: () => 'hidden' });
`;

const [seconds, watcher] = process.argv.slice(2);
const folder = await mkdtemp(join(tmpdir(), 'lockstep-bench-'));
const args = ['--workers', '2', '--global-batch', '128', '--epochs', '100000', '--port', '0'];
const coordinator = fork(CLI, ['train', ...args, '--out', join(folder, 'run'), '--json'], {
  execArgv: ['--import', contestantFile('watch-process.ts')],
  stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
});
const started = Promise.withResolvers<URL>();
const speeds: number[] = [];
assert(coordinator.stdout !== null, 'the output is a pipe');
let url = new URL('http://127.0.0.1');
createInterface({ input: coordinator.stdout }).on('line', (line) => {
  const event = JSON.parse(line);
  if (event.event === 'listening') url = new URL(event.url.replace('ws:', 'http:'));
  if (event.event !== 'progress') return;
  speeds.push(event.examplesPerSecond);
  started.resolve(url);
});
const ended = once(coordinator, 'close');
coordinator.once('close', (code) => started.reject(new Error(`train ended with code ${code}`)));

function ask({ port }: URL): Socket {
  const socket = connect(Number(port), '127.0.0.1', () => socket.write(ASK));
  return socket;
}

/** Watches the run. Returns a function that ends this. */
async function watch(run: URL): Promise<() => Promise<unknown> | unknown> {
  if (watcher === 'none') return () => {};
  if (watcher === 'learner') return learn(run);
  if (watcher.endsWith('page')) {
    const executablePath = findChromium();
    assert(executablePath !== undefined, 'Chromium is installed');
    const browser = await driver.launch({ executablePath, args: ['--no-sandbox'] });
    const page = await browser.newPage({ viewport: { width: 1440, height: 900 } });
    if (watcher === 'hidden-page') await page.addInitScript({ content: HIDDEN });
    await page.goto(watcher === 'page' ? run.href : new URL('?learning', run).href);
    return () => browser.close();
  }
  const sockets = Array.from({ length: watcher === 'crowd' ? 10 : 1 }, () => ask(run).resume());
  if (watcher === 'crowd') sockets.push(ask(run).pause());
  return () => {
    for (const socket of sockets) socket.destroy();
  };
}

/** Asks as often as the page of Learning does while all of its panels are in sight. */
async function learn(run: URL): Promise<() => void> {
  const socket = ask(run).resume();
  const get = async (path: string, headers: Record<string, string> = {}) => {
    const response = await fetch(new URL(path, run), { headers });
    await response.arrayBuffer();
    return response.headers;
  };
  await get('api/examples?set=test&from=0&count=2000');
  let [etag, count] = ['', 0];
  const timer = setInterval(async () => {
    if (count++ % 10 === 0) void get('api/study');
    void get('api/layers');
    etag = (await get('api/parameters', { 'if-none-match': etag })).get('etag') ?? '';
  }, 1000);
  return () => {
    clearInterval(timer);
    socket.destroy();
  };
}

/** The coordinator's memory, and the delay of its event loop since the last call. */
async function cost(): Promise<object> {
  coordinator.send('cost');
  const [figures] = await once(coordinator, 'message');
  return figures;
}

const end = await watch(await started.promise);
try {
  await sleep(WARM_UP_MS);
  await cost();
  const from = speeds.length;
  await sleep(Number(seconds) * 1000);
  const measured = speeds.slice(from);
  assert(measured.length > 0, 'progress is reported every second');
  const examplesPerSecond = measured.reduce((sum, speed) => sum + speed) / measured.length;
  console.log(JSON.stringify({ examplesPerSecond, ...(await cost()) }));
} finally {
  await end();
  coordinator.kill('SIGKILL');
  await ended;
  await rm(folder, { recursive: true, force: true });
}
