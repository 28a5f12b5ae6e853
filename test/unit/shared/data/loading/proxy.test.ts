import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { beforeEach, expect, onTestFinished, test, vi } from 'vitest';
import { download } from '../../../../../shared/data/loading/download.ts';

beforeEach(() => {
  for (const name of ['http_proxy', 'https_proxy', 'no_proxy']) {
    vi.stubEnv(name, '');
    vi.stubEnv(name.toUpperCase(), '');
  }
});

/** Starts a mirror, and a proxy that connects to it whatever it is asked for. */
async function startProxiedMirror() {
  const asked: (string | undefined)[] = [];
  const mirror = createServer((_, response) => response.end('content')).listen(0, '127.0.0.1');
  const proxy = createServer().listen(0, '127.0.0.1');
  await Promise.all([once(mirror, 'listening'), once(proxy, 'listening')]);

  const { port: mirrorPort } = mirror.address() as AddressInfo;
  proxy.on('connect', ({ url }, client) => {
    asked.push(url);
    const upstream = connect(mirrorPort, '127.0.0.1', () => {
      client.write('HTTP/1.1 200 Connection established\r\n\r\n');
      client.pipe(upstream).pipe(client);
    });
    for (const socket of [client, upstream]) socket.on('error', () => {});
    onTestFinished(() => void upstream.destroy());
  });
  onTestFinished(() => {
    for (const server of [mirror, proxy]) {
      server.closeAllConnections();
      server.close();
    }
  });
  const proxyUrl = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`;
  return { asked, proxyUrl, mirrorUrl: `http://127.0.0.1:${mirrorPort}/` };
}

const get = async (url: string) =>
  String(await download(url, { signal: new AbortController().signal, bytesMax: 100 }));

test.for(['http_proxy', 'HTTP_PROXY'])('a download goes through the proxy of %s', async (name) => {
  const { asked, proxyUrl } = await startProxiedMirror();
  vi.stubEnv(name, proxyUrl);
  expect(await get('http://mirror.example/images.gz')).toBe('content');
  expect(asked).toEqual(['mirror.example:80']);
});

test('a proxy may be named without http://', async () => {
  const { asked, proxyUrl } = await startProxiedMirror();
  vi.stubEnv('http_proxy', new URL(proxyUrl).host);
  expect(await get('http://mirror.example/')).toBe('content');
  expect(asked).toHaveLength(1);
});

test('a download from this machine goes through no proxy', async () => {
  const { asked, proxyUrl, mirrorUrl } = await startProxiedMirror();
  vi.stubEnv('http_proxy', proxyUrl);
  expect(await get(mirrorUrl)).toBe('content');
  expect(asked).toEqual([]);
});

test('a download goes through no proxy if no_proxy names the host', async () => {
  const { asked, proxyUrl } = await startProxiedMirror();
  vi.stubEnv('http_proxy', proxyUrl);
  vi.stubEnv('no_proxy', 'mirror.invalid');
  await expect(get('http://mirror.invalid/')).rejects.toThrow('mirror.invalid');
  expect(asked).toEqual([]);
});

test('a proxy that is no address is named, without its value', async () => {
  vi.stubEnv('https_proxy', 'socks5://user:secret@proxy');
  await expect(get('https://mirror.example/')).rejects.toThrow(
    /: https_proxy is no address like http:\/\/host:3128$/,
  );
});

test('a worker starts without the modules of fetch', () => {
  const code =
    `await import('./worker/worker-command.ts');` +
    `console.log(process.moduleLoadList.some((name) => name.endsWith('/undici')))`;
  const printed = execFileSync(process.execPath, ['--input-type=module', '--eval', code]);
  expect(String(printed)).toBe('false\n');
});
