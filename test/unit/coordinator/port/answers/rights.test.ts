import { describe, expect, test } from 'vitest';
import { createRights, tokenOf } from '../../../../../coordinator/port/answers/rights.ts';

const rights = (
  secrets: Parameters<typeof createRights>[0],
  given: string | undefined,
): string[] => [...createRights(secrets)(given)];

const ALL = ['watch', 'work', 'control'];
const OPEN = ['watch', 'work'];

describe('the rights', () => {
  test.for([
    [{ token: null }, undefined, OPEN],
    [{ token: null }, 'anything', OPEN],
    [{ token: null, controlToken: 'lever' }, undefined, OPEN],
    [{ token: null, controlToken: 'lever' }, '', OPEN],
    [{ token: null, controlToken: 'lever' }, 'leve', OPEN],
    [{ token: null, controlToken: 'lever' }, 'lever', ALL],
    [{ token: null, watchToken: 'look', controlToken: 'lever' }, 'look', OPEN],
    [{ token: 'secret', controlToken: 'lever' }, 'lever', []],
    [{ token: 'secret' }, undefined, []],
    [{ token: 'secret' }, 'wrong', []],
    [{ token: 'secret' }, '', []],
    [{ token: 'secret' }, 'secret', ALL],
    [{ token: 'secret', watchToken: 'look' }, 'look', ['watch']],
    [{ token: 'secret', watchToken: 'look' }, 'secret', ALL],
    [{ token: 'secret', watchToken: 'look' }, undefined, []],
    [{ token: 'secret', watchToken: 'look' }, 'loo', []],
    [{ token: 'secret', workToken: 'help' }, 'help', ['work']],
    [{ token: 'secret', workToken: 'help' }, 'hel', []],
    [{ token: 'secret', workToken: 'help' }, undefined, []],
    [{ token: 'secret', workToken: 'help' }, 'secret', ALL],
    [{ token: 'secret', watchToken: 'look', workToken: 'help' }, 'look', ['watch']],
    [{ token: 'secret', watchToken: null, workToken: 'help' }, 'help', OPEN],
    [{ token: 'secret', watchToken: 'same', workToken: 'same' }, 'same', OPEN],
    [{ token: 'secret', workToken: null }, undefined, ['work']],
    [{ token: 'secret', watchToken: null, workToken: null }, 'wrong', OPEN],
    [{ token: null, workToken: 'help', controlToken: 'lever' }, 'help', OPEN],
    [{ token: 'secret', watchToken: null }, undefined, ['watch']],
    [{ token: 'secret', watchToken: null }, 'wrong', ['watch']],
    [{ token: 'secret', watchToken: null }, 'secret', ALL],
  ] as const)('under %o with the token %j are %j', ([secrets, given, expected]) => {
    expect(rights(secrets, given)).toEqual(expected);
  });
});

describe('the token of a request', () => {
  test.for([
    [{}, undefined],
    [{ authorization: 'Bearer abc' }, 'abc'],
    [{ authorization: 'bearer  a b ' }, 'a b'],
    [{ authorization: 'Basic abc' }, undefined],
    [{ authorization: 'Bearer' }, undefined],
    [{ 'lockstep-token': 'abc' }, 'abc'],
    [{ 'lockstep-token': 'abc', authorization: 'Basic eA==' }, 'abc'],
  ] as const)('with the headers %o is %j', ([headers, token]) => {
    expect(tokenOf({ headers })).toBe(token);
  });
});

describe('the token of a request for the plain page', () => {
  const basic = (text: string) => ({
    authorization: `Basic ${Buffer.from(text).toString('base64')}`,
  });

  test.for([
    ['any name:a:b', 'a:b'],
    [':abc', 'abc'],
    ['abc:', ''],
    ['abc', undefined],
  ] as const)('is the password of %j: %j', ([credentials, token]) => {
    const headers = basic(credentials);
    expect(tokenOf({ headers, method: 'GET', url: '/status' })).toBe(token);
    expect(tokenOf({ headers, method: 'HEAD', url: '/status?x' })).toBe(token);
  });

  test('may be a bearer token too', () => {
    const headers = { authorization: 'Bearer abc' };
    expect(tokenOf({ headers, method: 'GET', url: '/status' })).toBe('abc');
  });

  test.for([
    ['POST', '/status'],
    ['GET', '/api/status'],
    ['GET', '/status/'],
    ['GET', '/?/status'],
  ] as const)('is no password of a request %s %s', ([method, url]) => {
    expect(tokenOf({ headers: basic('me:abc'), method, url })).toBeUndefined();
  });
});
