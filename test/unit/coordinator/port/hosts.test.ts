import type { IncomingMessage } from 'node:http';
import { describe, expect, test } from 'vitest';
import { foreignnessOf } from '../../../../coordinator/port/hosts.ts';

/** Why a request with these headers is foreign, that came to `localAddress`. */
function foreignness(
  headers: { host?: string[]; origin?: string[] },
  localAddress = '10.1.2.3',
  allowedHosts = ['lockstep.example', 'coordinator'],
): string | undefined {
  const request = { headersDistinct: headers, socket: { localAddress } };
  return foreignnessOf(request as unknown as IncomingMessage, allowedHosts);
}

describe('a host', () => {
  test.for([
    'localhost',
    'localhost:8080',
    'LOCALHOST',
    '127.0.0.1:8080',
    '127.8.9.1',
    '[::1]:8080',
    '10.1.2.3:8080',
    'coordinator:8080',
    'Lockstep.Example.',
  ])('%s is our own', (host) => {
    expect(foreignness({ host: [host] })).toBeUndefined();
  });

  test('that is the IPv6 address that was reached is our own', () => {
    expect(foreignness({ host: ['[fd00::5]:80'] }, 'fd00::5')).toBeUndefined();
    expect(foreignness({ host: ['10.0.0.9'] }, '::ffff:10.0.0.9')).toBeUndefined();
  });

  test.for([
    'evil.example',
    'evil.example:8080',
    'localhost.evil.example',
    '127.0.0.1.evil.example',
    '10.1.2.4',
    'lockstep.example.evil.example',
    'xlockstep.example',
    '[::2]',
    '0.0.0.0',
  ])('%s is foreign, and the answer says how to allow it', (host) => {
    expect(foreignness({ host: [host] })).toMatch(/does not know itself as .*--allow-host/);
  });

  test.for([
    [[]],
    [['']],
    [['localhost', 'localhost']],
    [['localhost/path']],
    [['user@localhost']],
    [['localhost:99999']],
    [['local host']],
    [['localhost\u0000']],
  ])('header %j is refused', ([host]) => {
    expect(foreignness({ host })).toMatch(/must name one host/);
  });
});

describe('an origin', () => {
  test.for([
    ['http://localhost:8080', 'localhost:8080'],
    ['https://lockstep.example', 'lockstep.example'],
    ['https://lockstep.example', 'lockstep.example:443'],
    ['http://[::1]:8080', '[::1]:8080'],
  ])('%s may use the host %s', ([origin, host]) => {
    expect(foreignness({ host: [host], origin: [origin] })).toBeUndefined();
  });

  test.for([
    ['http://evil.example', 'localhost:8080'],
    ['null', 'localhost:8080'],
    ['', 'localhost:8080'],
    ['http://localhost:8081', 'localhost:8080'],
    ['http://localhost', 'localhost:8080'],
    ['http://127.0.0.1:8080', 'localhost:8080'],
    ['ftp://localhost:8080', 'localhost:8080'],
    ['file://', 'localhost:8080'],
    ['http://localhost:8080.evil.example', 'localhost:8080'],
    ['chrome-extension://localhost:8080', 'localhost:8080'],
  ])('%j may not use the host %s', ([origin, host]) => {
    expect(foreignness({ host: [host], origin: [origin] })).toMatch(/may not use/);
  });

  test('must be right each time that it is given', () => {
    const origin = ['http://localhost:8080', 'http://evil.example'];
    expect(foreignness({ host: ['localhost:8080'], origin })).toMatch(/evil.example/);
  });
});
