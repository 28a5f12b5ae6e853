import { once } from 'node:events';
import { Agent, type IncomingMessage, request } from 'node:http';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { ControlRequest } from '../../coordinator/control/control-request.ts';
import { createRights, type Secrets } from '../../coordinator/port/answers/rights.ts';
import { startCoordinatorServer } from '../../coordinator/port/server.ts';

const MADE: Secrets = { token: null, controlToken: 'lever' };
const GIVEN: Secrets = { token: 'secret', watchToken: 'look' };
const KILL = '{"action":"kill","rank":2}';
const bearer = (token: string) => ({ authorization: `Bearer ${token}` });
const JSON_TYPE = { 'content-type': 'application/json' };

/** A port with a run that only notes what is asked of it. */
async function startPort(secrets: Secrets, options: { allowedHosts?: string[] } = {}) {
  const performed: ControlRequest[] = [];
  const server = await startCoordinatorServer({
    host: '127.0.0.1',
    port: 0,
    onConnection() {},
    onCertificate() {},
    rightsOf: createRights(secrets),
    onFault(error) {
      throw error;
    },
    status: () => ({}),
    stepsAfter: () => '',
    contentOf: () => undefined,
    metrics: async () => ({ type: 'text/plain', text: '' }),
    openEvents: () => false,
    pageFiles: () => new Map(),
    isTokenNeeded: secrets.token !== null,
    control: {
      view: (may) => ({ may, actions: ['kill'], chaos: null }),
      perform(order) {
        performed.push(order);
        return 'Done.';
      },
    },
    ...options,
  });
  onTestFinished(() => server.close());
  const { port } = server;
  const agent = new Agent({ keepAlive: true });
  onTestFinished(() => agent.destroy());

  /** Sends a request whose body `write` writes. Resolves to the answer's status and JSON. */
  async function send(
    method: string,
    headers: Record<string, string>,
    write: (body: ReturnType<typeof request>) => void,
    path = '/api/control',
  ) {
    const asked = request({ port, host: '127.0.0.1', path, method, headers, agent });
    // The server may end the connection while a long body is still being sent.
    asked.on('error', () => {});
    onTestFinished(() => void asked.destroy());
    const answered = once(asked, 'response');
    write(asked);
    const [response] = (await answered) as [IncomingMessage];
    const text = (await response.toArray()).join('');
    return {
      code: response.statusCode,
      headers: response.headers,
      answer: text === '' ? undefined : JSON.parse(text),
    };
  }
  const post = (headers: Record<string, string>, body: string | Buffer = KILL) =>
    send('POST', headers, (asked) => asked.end(body));
  const get = (path: string, headers: Record<string, string> = {}) =>
    send('GET', headers, (asked) => asked.end(), path);
  return { performed, send, post, get, port };
}

describe('an order', () => {
  test.for([
    [MADE, 'lever'],
    [GIVEN, 'secret'],
  ] as const)('under %o is carried out for whoever has the token', async ([secrets, token]) => {
    const { post, performed } = await startPort(secrets);
    expect(await post({ ...bearer(token), ...JSON_TYPE })).toMatchObject({
      code: 200,
      answer: { message: 'Done.' },
    });
    const charset = { 'content-type': 'application/json; charset=utf-8' };
    expect(await post({ 'lockstep-token': token, ...charset })).toMatchObject({ code: 200 });
    expect(performed).toEqual([
      { action: 'kill', rank: 2 },
      { action: 'kill', rank: 2 },
    ]);
  });

  test.for([
    [MADE, {}],
    [MADE, bearer('wrong')],
    [MADE, bearer('')],
    [GIVEN, {}],
    [GIVEN, bearer('wrong')],
    [GIVEN, bearer('look')],
    [{ token: null }, bearer('anything')],
    [{ token: 'secret', watchToken: null }, {}],
  ] as [Secrets, Record<string, string>][])(
    'under %o is refused with the headers %o',
    async ([secrets, headers]) => {
      const { post, performed } = await startPort(secrets);
      const { code, headers: answered, answer } = await post({ ...headers, ...JSON_TYPE });
      expect(code).toBe(401);
      expect(answered['www-authenticate']).toMatch(/^Bearer/);
      expect(answer.error).toMatch(/^\/api\/control needs a token with the right to control/);
      expect(performed).toEqual([]);
    },
  );

  test.for([['https://evil.example'], ['http://127.0.0.1:1'], ['null'], ['file://']])(
    'of a page of %s is refused, also with the token',
    async ([origin]) => {
      const { post, performed } = await startPort(MADE);
      const { code, answer } = await post({ ...bearer('lever'), ...JSON_TYPE, origin });
      expect(code).toBe(403);
      expect(answer.error).toMatch(/may not use this coordinator$/);
      expect(performed).toEqual([]);
    },
  );

  test('to a name that is not ours is refused, also with the token', async () => {
    const { post, performed } = await startPort(MADE);
    const headers = { ...bearer('lever'), ...JSON_TYPE, host: 'evil.example' };
    expect((await post(headers)).code).toBe(403);
    expect(performed).toEqual([]);
  });

  test('of our own page is carried out', async () => {
    const { post, port } = await startPort(MADE);
    const origin = `http://127.0.0.1:${port}`;
    expect((await post({ ...bearer('lever'), ...JSON_TYPE, origin })).code).toBe(200);
  });

  test.for([
    'application/x-www-form-urlencoded',
    'multipart/form-data; boundary=x',
    'text/plain',
    'text/plain; application/json',
    'application/json-seq',
    undefined,
  ])('of the type %s, which a form could have sent, is refused', async (type) => {
    const { post, performed } = await startPort(MADE);
    const headers = { ...bearer('lever'), ...(type !== undefined && { 'content-type': type }) };
    const { code, answer } = await post(headers);
    expect(code).toBe(415);
    expect(answer.error).toContain(type ?? 'undefined');
    expect(answer.error).toMatch(/send application\/json$/);
    expect(performed).toEqual([]);
  });

  test.for([
    [Buffer.from([0x7b, 0xff, 0x7d]), /no UTF-8 text/],
    ['', /^"" is no JSON/],
    ['action=kill&rank=2', /^"action=kill&rank=2" is no JSON/],
    ['{"action":"kill","rank":"2"}', /^rank: must be a number, not "2"$/],
  ] as const)('that is wrong is refused with what is wrong: %s', async ([body, expected]) => {
    const { post, performed } = await startPort(MADE);
    const { code, answer } = await post({ ...bearer('lever'), ...JSON_TYPE }, body);
    expect(code).toBe(400);
    expect(answer.error).toMatch(expected);
    expect(performed).toEqual([]);
  });
});

describe('a body of 10 MB', () => {
  const body = Buffer.alloc(10 * 1024 * 1024, ' ');

  test.for([
    ['with its length', (asked: ReturnType<typeof request>) => asked.end(body)],
    [
      'in chunks',
      (asked: ReturnType<typeof request>) => {
        asked.write(body);
        asked.end();
      },
    ],
  ] as const)('%s is refused, and the port goes on', async ([, write]) => {
    const { send, post, performed } = await startPort(MADE);
    const headers = { ...bearer('lever'), ...JSON_TYPE };
    const { code, answer } = await send('POST', headers, write);
    expect(code).toBe(413);
    expect(answer.error).toBe('the body is longer than 4096 bytes');
    expect(await send('POST', JSON_TYPE, write)).toMatchObject({ code: 401 });
    expect(await post(headers)).toMatchObject({ code: 200 });
    expect(performed).toHaveLength(1);
  });
});

test('a body that does not end is refused after 3 s, and its connection ends', async () => {
  const { send, post, performed } = await startPort(MADE);
  const headers = { ...bearer('lever'), ...JSON_TYPE };
  const slow = send('POST', { ...headers, 'content-length': '30' }, (asked) => asked.write('{"a'));
  // Others do not wait for it.
  expect(await post(headers)).toMatchObject({ code: 200 });
  expect(await slow).toMatchObject({
    code: 408,
    headers: { connection: 'close' },
    answer: { error: 'the body was not here after 3 s' },
  });
  expect(performed).toHaveLength(1);
});

describe('another method', () => {
  test.for(['PUT', 'DELETE', 'PATCH', 'OPTIONS'])('%s does nothing', async (method) => {
    const { send, performed } = await startPort(MADE);
    const headers = { ...bearer('lever'), ...JSON_TYPE };
    const {
      code,
      headers: answered,
      answer,
    } = await send(method, headers, (asked) => asked.end(KILL));
    expect(code).toBe(405);
    expect(answered.allow).toBe('GET, HEAD, POST');
    expect(answer.error).toBe(`method ${method} is not allowed: use GET or POST`);
    expect(performed).toEqual([]);
  });

  test('POST elsewhere does nothing', async () => {
    const { send, performed } = await startPort(MADE);
    const headers = { ...bearer('lever'), ...JSON_TYPE };
    for (const path of ['/', '/api/status', '/api/join', '/healthz', '/api/control/'])
      expect(await send('POST', headers, (asked) => asked.end(KILL), path)).toMatchObject({
        code: 405,
        headers: { allow: 'GET, HEAD' },
      });
    expect(performed).toEqual([]);
  });

  test('HEAD and GET show what can be done, and do nothing', async () => {
    const { send, get, performed } = await startPort(MADE);
    expect((await get('/api/control', JSON_TYPE)).answer).toEqual({
      may: false,
      actions: ['kill'],
      chaos: null,
    });
    expect((await get('/api/control', bearer('lever'))).answer).toMatchObject({ may: true });
    expect(await send('HEAD', bearer('lever'), (asked) => asked.end())).toMatchObject({
      code: 200,
      answer: undefined,
    });
    expect(performed).toEqual([]);
  });
});

describe('what can be done', () => {
  test('is shown to everybody who may watch', async () => {
    const { get } = await startPort(GIVEN);
    expect(await get('/api/control')).toMatchObject({ code: 401 });
    expect(await get('/api/control', bearer('look'))).toMatchObject({ answer: { may: false } });
    expect(await get('/api/control', bearer('secret'))).toMatchObject({ answer: { may: true } });
  });
});

describe('a token that only works', () => {
  test('neither controls nor watches', async () => {
    const { send, get, performed } = await startPort({ ...GIVEN, workToken: 'help' });
    expect(
      await send('POST', { ...JSON_TYPE, ...bearer('help') }, (asked) => asked.end(KILL)),
    ).toMatchObject({ code: 401 });
    for (const path of ['/api/control', '/api/join', '/api/status', '/api/events'])
      expect(await get(path, bearer('help'))).toMatchObject({ code: 401 });
    expect(performed).toEqual([]);
  });
});

describe('how to join', () => {
  test('is told with the token to those who have it, and to nobody else', async () => {
    const { get, port } = await startPort(GIVEN);
    expect(await get('/api/join')).toMatchObject({ code: 401 });
    const watcher = await get('/api/join', bearer('look'));
    expect(watcher.code).toBe(200);
    expect(JSON.stringify(watcher.answer)).not.toMatch(/secret|look|"token"|token=/i);
    expect(watcher.answer.page.qr.url).toBe(`http://127.0.0.1:${port}/`);
    const owner = await get('/api/join', bearer('secret'));
    expect(owner.answer).toMatchObject({
      token: 'secret',
      dashboards: [`http://127.0.0.1:${port}/`],
      page: { qr: { url: `http://127.0.0.1:${port}/#token=secret` } },
    });
    expect(owner.answer.commands.here).toMatch(/^LOCKSTEP_TOKEN=secret .* worker ws:/);
  });

  test('where workers need no token has none in the commands', async () => {
    const { get, port } = await startPort(MADE);
    const stranger = await get('/api/join', bearer('wrong'));
    expect(JSON.stringify(stranger.answer)).not.toMatch(/lever|wrong|"token"|token=/i);
    const owner = await get('/api/join', bearer('lever'));
    expect(owner.answer).toMatchObject({
      token: 'lever',
      page: { qr: { url: `http://127.0.0.1:${port}/#token=lever` } },
    });
    expect(JSON.stringify(owner.answer.commands)).not.toContain('lever');
  });

  test('elsewhere names the addresses of others', async () => {
    const { get, port } = await startPort(MADE, { allowedHosts: ['trainer.example'] });
    const { answer } = await get('/api/join');
    expect(answer).toMatchObject({
      commands: { elsewhere: [`npx lockstep worker ws://trainer.example:${port}`] },
      dashboards: [`http://127.0.0.1:${port}/`, `http://trainer.example:${port}/`],
      page: { qr: { url: `http://trainer.example:${port}/` } },
    });
  });
});
