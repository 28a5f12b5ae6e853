import { afterEach, describe, expect, test, vi } from 'vitest';
import { describeJoin } from '../../../../../coordinator/port/answers/join.ts';
import { COMMAND_VARIABLE } from '../../../../../shared/host/command-line.ts';

const LOCAL = { here: 'ws://127.0.0.1:8080', others: [] };
const OPEN = { here: 'ws://127.0.0.1:8080', others: ['ws://trainer:8080', 'ws://192.0.2.7:8080'] };
const PIN = `#sha256=${'a'.repeat(64)}`;
const SECURE = {
  here: `wss://127.0.0.1:8080${PIN}`,
  others: [`wss://[2001:db8::1]:8080${PIN}`],
};

const join = (
  urls: Parameters<typeof describeJoin>[0]['urls'],
  token?: string,
  isTokenNeeded = token !== undefined,
) => describeJoin({ urls, token, workToken: token, isTokenNeeded });

afterEach(() => vi.unstubAllEnvs());

describe('the commands', () => {
  test('for a port of this machine alone use its network', async () => {
    vi.stubEnv(COMMAND_VARIABLE, undefined);
    const { commands } = await join(LOCAL);
    expect(commands.here).toMatch(/ worker ws:\/\/127\.0\.0\.1:8080$/);
    expect(commands.elsewhere).toEqual([]);
    expect(commands.docker).toBe(
      'docker run --rm --init --network host lockstep worker ws://127.0.0.1:8080',
    );
  });

  test('for other machines name each of our addresses', async () => {
    const { commands } = await join(OPEN);
    expect(commands.elsewhere).toEqual([
      'npx lockstep worker ws://trainer:8080',
      'npx lockstep worker ws://192.0.2.7:8080',
    ]);
    expect(commands.docker).toBe('docker run --rm --init lockstep worker ws://trainer:8080');
  });

  test('give the token as a variable, quoted for a shell', async () => {
    const { commands, token } = await join(OPEN, "it's $HOME");
    expect(token).toBe("it's $HOME");
    const quoted = String.raw`LOCKSTEP_TOKEN='it'\''s $HOME'`;
    expect(commands.elsewhere[0]).toBe(`${quoted} npx lockstep worker ws://trainer:8080`);
    expect(commands.here.startsWith(`${quoted} `)).toBe(true);
    expect(commands.docker).toContain(` -e ${quoted} lockstep worker `);
  });

  test('give no token where workers need none', async () => {
    const { commands, page } = await join(OPEN, 'lever', false);
    expect(JSON.stringify(commands)).not.toContain('lever');
    expect(page.qr.url).toContain('#token=lever');
  });

  test('say that a token is missing, to people who may not see it', async () => {
    const { commands, isTokenNeeded } = await join(OPEN, undefined, true);
    expect(isTokenNeeded).toBe(true);
    expect(commands.elsewhere[0]).toBe('npx lockstep worker ws://trainer:8080');
    expect((await join(OPEN)).isTokenNeeded).toBe(false);
  });

  test('keep the pin of a certificate, quoted for a shell', async () => {
    const { commands } = await join(SECURE);
    expect(commands.elsewhere).toEqual([`npx lockstep worker 'wss://[2001:db8::1]:8080${PIN}'`]);
  });

  test('that run in containers of their own do not name loopback', async () => {
    vi.stubEnv(COMMAND_VARIABLE, 'docker compose run --rm coordinator');
    const { commands } = await join(OPEN);
    expect(commands.here).toBe('docker compose run --rm coordinator worker ws://trainer:8080');
  });
});

describe('the addresses of the dashboard', () => {
  test.for([
    [LOCAL, ['http://127.0.0.1:8080/']],
    [OPEN, ['http://127.0.0.1:8080/', 'http://trainer:8080/', 'http://192.0.2.7:8080/']],
    [SECURE, ['https://127.0.0.1:8080/', 'https://[2001:db8::1]:8080/']],
  ] as const)('follow from those of the port: %o', async ([urls, expected]) => {
    expect((await join(urls)).dashboards).toEqual(expected);
    expect((await join(urls, 'secret')).dashboards).toEqual(expected);
  });
});

describe('the link for a browser', () => {
  test.for([
    [LOCAL, undefined, 'http://127.0.0.1:8080/join'],
    [OPEN, 'a b#c', 'http://trainer:8080/join#token=a%20b%23c'],
    [SECURE, 'work', 'https://[2001:db8::1]:8080/join#token=work'],
  ] as const)('of %o with the token %j only works', async ([urls, workToken, expected]) => {
    const isTokenNeeded = workToken !== undefined;
    const answer = await describeJoin({ urls, token: 'lever', workToken, isTokenNeeded });
    expect(answer.tab.qr.url).toBe(expected);
    expect(answer.tab.address).toBe(expected.replace(/#.*/, ''));
    expect(JSON.stringify(answer.tab)).not.toContain('lever');
    expect(answer.page.qr.url).toContain('#token=lever');
  });

  test('says whom the numerics of the run keep out', async () => {
    const aboutOf = async (numerics: 'fused' | 'strict') =>
      (await describeJoin({ urls: OPEN, isTokenNeeded: false, numerics })).tab.about;
    expect(await aboutOf('fused')).toMatch(/model\..*Safari and old browsers.*--numerics strict/);
    expect(await aboutOf('strict')).not.toContain('Safari');
  });

  test('has no token where workers need none', async () => {
    const options = { urls: OPEN, token: 'lever', workToken: 'lever', isTokenNeeded: false };
    expect((await describeJoin(options)).tab.qr.url).toBe('http://trainer:8080/join');
  });
});

describe('the QR code', () => {
  test.for([
    [LOCAL, undefined, 'http://127.0.0.1:8080/'],
    [OPEN, undefined, 'http://trainer:8080/'],
    [OPEN, 'a b#c', 'http://trainer:8080/#token=a%20b%23c'],
    [SECURE, 'secret', 'https://[2001:db8::1]:8080/#token=secret'],
  ] as const)('of %o with the token %j is for others', async ([urls, token, expected]) => {
    const { qr } = (await join(urls, token)).page;
    expect(qr.url).toBe(expected);
    expect(qr.modules).toHaveLength(qr.size);
    for (const row of qr.modules) expect(row).toMatch(new RegExp(`^[01]{${qr.size}}$`));
  });

  test('is one: three corners have the pattern by which it is found', async () => {
    const { qr } = (await join(OPEN)).page;
    expect((qr.size - 17) % 4).toBe(0);
    const finder = ['1111111', '1000001', '1011101', '1011101', '1011101', '1000001', '1111111'];
    const corner = (row: number, column: number) =>
      qr.modules.slice(row, row + 7).map((line) => line.slice(column, column + 7));
    const last = qr.size - 7;
    for (const [row, column] of [
      [0, 0],
      [0, last],
      [last, 0],
    ])
      expect(corner(row, column)).toEqual(finder);
    expect(corner(last, last)).not.toEqual(finder);
  });
});
