import { once } from 'node:events';
import { request } from 'node:http';
import { connect } from 'node:net';
import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { readPageFiles } from '../../coordinator/dashboard/page-files.ts';
import { createRights } from '../../coordinator/port/answers/rights.ts';
import { startPortServer } from '../support/processes/port-server.ts';

const HTML = { accept: 'text/html,application/xhtml+xml,*/*;q=0.8' };
const SCRIPT = [...readPageFiles().keys()].find((path) => path.endsWith('.js')) ?? '';
const CONTENT = Buffer.from(readPageFiles().get(SCRIPT)?.body ?? '');

/** An answer as it came: neither its body is decoded, nor its path normalized. */
async function ask(
  port: number,
  path: string,
  headers: Record<string, string> = {},
  method = 'GET',
) {
  const asked = request({ port, host: '127.0.0.1', path, headers, method }).end();
  const [response] = await once(asked, 'response');
  const body: Buffer = Buffer.concat(await response.toArray());
  return { code: response.statusCode, headers: response.headers, body };
}

const startServer = (options: Parameters<typeof startPortServer>[0] = {}) =>
  startPortServer({ pageFiles: readPageFiles, ...options });

describe('the page', () => {
  test('is what a browser gets, and what anything else gets is a text', async () => {
    const { port } = await startServer();
    const page = await ask(port, '/', HTML);
    expect(page.code).toBe(200);
    expect(String(page.body)).toMatch(/^<!doctype html>/);
    expect(page.headers).toMatchObject({
      'cache-control': 'no-store',
      'content-type': 'text/html; charset=utf-8',
      'cross-origin-opener-policy': 'same-origin',
      'cross-origin-embedder-policy': 'require-corp',
      'cross-origin-resource-policy': 'same-origin',
      'referrer-policy': 'no-referrer',
      'x-content-type-options': 'nosniff',
      'content-security-policy': expect.stringMatching(
        /^default-src 'self'; script-src 'self' 'wasm-unsafe-eval';.*frame-ancestors 'none'$/,
      ),
      vary: 'accept, accept-encoding',
    });
    const text = await ask(port, '/');
    expect(String(text.body)).toMatch(/^This is a Lockstep coordinator/);
  });

  test('is closed after its answer if the client says so, or speaks HTTP/1.0', async () => {
    const { port } = await startServer();
    for (const asked of [
      `GET ${SCRIPT} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`,
      `GET ${SCRIPT} HTTP/1.0\r\nHost: localhost\r\n\r\n`,
    ]) {
      const socket = connect(port, '127.0.0.1', () => socket.write(asked));
      const answer = Buffer.concat(await socket.toArray());
      expect(String(answer.subarray(0, 30))).toMatch(/^HTTP\/1.1 200 OK\r\n/);
      expect(answer.subarray(-CONTENT.length).equals(CONTENT)).toBe(true);
    }
  });

  test('says what to do if it is not built', async () => {
    const { port } = await startServer({ pageFiles: () => new Map() });
    const { code, body } = await ask(port, '/', HTML);
    expect([code, String(body)]).toEqual([404, expect.stringContaining('npm run build')]);
  });
});

describe('an asset', () => {
  test('may be kept for ever, since its name has a hash of its content', async () => {
    const { port } = await startServer();
    expect(SCRIPT).toMatch(/^\/assets\/.+-[\w-]{8}\.js$/);
    const { headers, body } = await ask(port, SCRIPT);
    expect(headers).toMatchObject({
      'cache-control': 'public, max-age=31536000, immutable',
      'content-type': 'text/javascript; charset=utf-8',
      'cross-origin-resource-policy': 'same-origin',
      'x-content-type-options': 'nosniff',
    });
    expect(body.equals(CONTENT)).toBe(true);
    expect(headers['content-encoding']).toBeUndefined();
  });

  test.for([
    ['br', 'br'],
    ['gzip, deflate', 'gzip'],
    ['gzip, deflate, br, zstd', 'br'],
    ['BR;q=0.5, GZIP', 'br'],
    ['br;q=0, gzip', 'gzip'],
    ['br; q=0.000, gzip;q=0', undefined],
    ['*', 'br'],
    ['br;q=0, *', 'gzip'],
    ['*;q=0', undefined],
    ['identity', undefined],
    ['brotli, xgzip', undefined],
    [';;,=', undefined],
  ] as const)('for accept-encoding %j is sent as %s', async ([accepted, encoding]) => {
    const { port } = await startServer();
    const { headers, body } = await ask(port, SCRIPT, { 'accept-encoding': accepted });
    expect(headers['content-encoding']).toBe(encoding);
    const decode = { br: brotliDecompressSync, gzip: gunzipSync, none: (same: Buffer) => same };
    expect(decode[encoding ?? 'none'](body).equals(CONTENT)).toBe(true);
  });

  test('has the same headers, and no body, for HEAD', async () => {
    const { port } = await startServer();
    const { headers, body } = await ask(port, SCRIPT, {}, 'HEAD');
    expect(headers['content-length']).toBe(String(CONTENT.length));
    expect(body).toHaveLength(0);
  });

  test.for([
    '/assets/../../package.json',
    '/assets/..%2f..%2fpackage.json',
    '/assets/%2e%2e/%2e%2e/package.json',
    '/assets/....//....//package.json',
    '/assets/..\\..\\package.json',
    '/assets//etc/passwd',
    '/assets/',
    '/assets/%00',
    `${SCRIPT}.br`,
    `${SCRIPT}/`,
    `//127.0.0.1${SCRIPT}`,
  ])('is nothing else than a built file: not %j', async (path) => {
    const { port } = await startServer();
    const { code, body, headers } = await ask(port, path, HTML);
    expect(code).toBe(404);
    expect(headers['content-type']).toBe('application/json');
    expect(String(body)).not.toContain('lockstep"');
  });

  test('is not there for POST', async () => {
    const { port } = await startServer();
    expect((await ask(port, SCRIPT, {}, 'POST')).code).toBe(405);
  });
});

describe('the plain page', () => {
  const rightsOf = createRights({ token: 'secret', watchToken: 'look' });
  const basic = (password: string) => ({
    authorization: `Basic ${Buffer.from(`anybody:${password}`).toString('base64')}`,
  });

  test('shows the status without JavaScript', async () => {
    const { port } = await startServer({ status: () => ({ state: '<training>' }) });
    const { code, headers, body } = await ask(port, '/status');
    expect(code).toBe(200);
    expect(headers).toMatchObject({
      'cache-control': 'no-store',
      'content-type': 'text/html; charset=utf-8',
      'content-security-policy': expect.stringContaining("default-src 'self'"),
      'x-content-type-options': 'nosniff',
    });
    expect(String(body)).toContain('<h1>&lt;training&gt;</h1>');
    expect(String(body)).not.toMatch(/<script|<training/);
    expect((await ask(port, '/status', {}, 'HEAD')).body).toHaveLength(0);
    expect((await ask(port, '/status', {}, 'POST')).code).toBe(405);
  });

  test('takes the token as a password, and asks for it', async () => {
    const { port } = await startServer({ rightsOf });
    const refused = await ask(port, '/status');
    expect(refused.code).toBe(401);
    expect(refused.headers['www-authenticate']).toBe('Basic realm="lockstep", charset="UTF-8"');
    expect(String(refused.body)).toContain('as the password');
    for (const [password, code] of [
      ['wrong', 401],
      ['look', 200],
      ['secret', 200],
    ] as const)
      expect((await ask(port, '/status', basic(password))).code).toBe(code);
  });

  test('is the only one that takes a password', async () => {
    const { port } = await startServer({ rightsOf });
    for (const path of ['/api/status', '/api/steps', '/api/events', '/'])
      expect((await ask(port, path, basic('secret'))).code).toBe(401);
    expect((await ask(port, '/status', basic('secret'), 'POST')).code).toBe(401);
  });
});
