import { describe, expect, test } from 'vitest';
import { parseCoordinatorAddress } from '../../../worker/coordinator-address.ts';

const SHA = 'ab'.repeat(32);
const PIN = '0123456789abcdef'.repeat(4);

describe('an address', () => {
  test.for([
    [
      'ws://127.0.0.1:8080',
      'ws://127.0.0.1:8080',
      '127.0.0.1',
      8080,
      `http://127.0.0.1:8080/data/${SHA}`,
    ],
    ['WS://Host', 'ws://host', 'host', 80, `http://host/data/${SHA}`],
    ['wss://host', 'wss://host', 'host', 443, `https://host/data/${SHA}`],
    ['ws://[fd00::5]:90', 'ws://[fd00::5]:90', 'fd00::5', 90, `http://[fd00::5]:90/data/${SHA}`],
    ['ws://h/path?key=a', 'ws://h/path?key=a', 'h', 80, `http://h/path/data/${SHA}?key=a`],
    ['wss://h:1/a/b/', 'wss://h:1/a/b/', 'h', 1, `https://h:1/a/b/data/${SHA}`],
  ] as const)('%s leads to %s and its data', ([text, url, host, port, data]) => {
    const address = parseCoordinatorAddress(text);
    expect(address).toMatchObject({ url, host, port, pin: undefined, headers: {} });
    expect(address.isSecure).toBe(url.startsWith('wss'));
    expect(address.dataUrl(SHA).href).toBe(data);
  });

  test('with a name and a password logs in with them, and shows neither', () => {
    const address = parseCoordinatorAddress('ws://us%40er:p%3Aw@h:1/');
    expect(address.url).toBe('ws://h:1');
    expect(address.dataUrl(SHA).href).toBe(`http://h:1/data/${SHA}`);
    expect(address.headers).toEqual({
      authorization: `Basic ${Buffer.from('us@er:p:w').toString('base64')}`,
    });
  });

  test('may pin a key', () => {
    const { url, pin } = parseCoordinatorAddress(`wss://h:1#sha256=${PIN.toUpperCase()}`);
    expect([url, pin]).toEqual(['wss://h:1', PIN]);
  });

  test.for([
    ['', /"" is not an address: give an address such as ws:/],
    ['localhost:8080', /localhost: is not how workers connect: try ws:/],
    ['http://h:1', /http: is not how workers connect: try ws:\/\/h:1\./],
    ['https://h:1/x', /try wss:\/\/h:1\./],
    [`ws://h#sha256=${PIN}`, /needs TLS: use wss:/],
    ['wss://h#sha256=abc', /#sha256=abc is not a pin/],
    ['wss://h#other', /#other is not a pin/],
    ['ws://user:secret@h h', /"…@h h" is not an address/],
    ['http://user:secret@h:1', /try ws:\/\/h:1\./],
  ] as const)('%s is refused, with the way out and without a password', ([text, message]) => {
    expect(() => parseCoordinatorAddress(text)).toThrow(message);
    expect(() => parseCoordinatorAddress(text)).not.toThrow(/secret/);
  });
});
