import { describe, expect, test } from 'vitest';
import {
  createAdmission,
  freeRank,
  labelFor,
  leastProven,
  originOf,
} from '../../../../coordinator/cluster/admission.ts';
import { PROTOCOL_VERSION } from '../../../../shared/protocol/limits.ts';
import type { Hello } from '../../../../shared/protocol/messages.ts';

const hello: Hello = {
  type: 'hello',
  protocolVersion: PROTOCOL_VERSION,
  name: 'local-0',
  pid: 31,
  numerics: ['fused', 'strict'],
  token: 'secret',
};
const { token: _token, ...withoutToken } = hello;
const { numerics: _numerics, ...withoutNumerics } = hello;

const ADDRESS = '10.0.0.7';

function admissionTo(
  numerics: 'fused' | 'strict',
  isTokenValid: (token: string | undefined) => boolean = () => true,
  isGuestToken?: (token: string | undefined) => boolean,
) {
  let count = 0;
  const makeIdentity = () => `identity ${count++}`;
  const admission = createAdmission({ numerics, isTokenValid, isGuestToken, makeIdentity });
  const refused = (given: Hello, address = ADDRESS) => admission.refusalOf(given, address);
  const refusalOf = (given: Hello, address = ADDRESS) => refused(given, address)?.message;
  const reasonOf = (given: Hello, address = ADDRESS) => refused(given, address)?.reason;
  return { ...admission, refusalOf, reasonOf };
}

describe('admission', () => {
  test('takes a worker that keeps the profile of the run, whatever else it can', () => {
    expect(admissionTo('strict').refusalOf(hello)).toBeUndefined();
    expect(admissionTo('fused').refusalOf({ ...hello, numerics: ['fused'] })).toBeUndefined();
    expect(admissionTo('fused').refusalOf({ ...hello, numerics: ['x', 'fused'] })).toBeUndefined();
  });

  test('refuses a worker without the profile of the run, and quotes both', () => {
    const refusal = admissionTo('fused').refusalOf({ ...hello, numerics: ['strict', 'other'] });
    expect(refusal).toMatch(/strict, other.*needs fused/);
  });

  test.for([
    ['no list', withoutNumerics],
    ['an empty list', { ...hello, numerics: [] }],
  ] as [string, Hello][])('refuses a worker that gives %s of profiles', ([, without]) => {
    expect(admissionTo('strict').refusalOf(without)).toMatch(/strict/);
  });

  test.for([PROTOCOL_VERSION - 1, PROTOCOL_VERSION + 1, 0])(
    'refuses protocol version %d, and quotes both versions',
    (protocolVersion) => {
      const refusal = admissionTo('strict').refusalOf({ ...hello, protocolVersion });
      expect(refusal).toMatch(new RegExp(`\\b${protocolVersion}\\b.*\\b${PROTOCOL_VERSION}\\b`));
    },
  );

  test('asks whether a token is valid, and does not quote a wrong one', () => {
    const asked: unknown[] = [];
    const admission = admissionTo('strict', (token) => {
      asked.push(token);
      return token === 'right';
    });
    expect(admission.refusalOf({ ...hello, token: 'right' })).toBeUndefined();
    const wrong = admission.refusalOf(hello);
    expect(wrong).toMatch(/--token/);
    expect(wrong).not.toContain('secret');
    const absent = admission.refusalOf(withoutToken);
    expect(absent).toMatch(/--token/);
    expect(absent).not.toBe(wrong);
    expect(asked).toEqual(['right', 'secret', undefined]);
  });

  test('takes a worker without a token where any will do', () => {
    expect(admissionTo('strict').refusalOf(withoutToken)).toBeUndefined();
  });

  test('has one word for the reason, whatever the worker says of itself', () => {
    const { reasonOf, identify, expel } = admissionTo('strict', (token) => token === 'secret');
    expect(reasonOf(hello)).toBeUndefined();
    expect(reasonOf({ ...hello, protocolVersion: 0 })).toBe('version');
    expect(reasonOf(withoutToken)).toBe('token');
    expect(reasonOf({ ...hello, numerics: ['fused'] })).toBe('numerics');
    const worker = identify(hello, ADDRESS);
    for (let i = 0; i < 3; i++) expel(worker);
    expect(reasonOf({ ...hello, identity: worker.identity })).toBe('expelled');
    expect(reasonOf(hello)).toBe('address');
  });

  test('does not suspect the origin of a worker whose sums are wrong by our doing', () => {
    const { refusalOf, identify, expel, isSuspect } = admissionTo('strict');
    for (let i = 0; i < 5; i++) {
      const worker = identify(hello, ADDRESS);
      expel(worker, true);
      expect(refusalOf({ ...hello, identity: worker.identity })).toMatch(/wrong sum before/);
    }
    expect(isSuspect(ADDRESS)).toBe(false);
    expect(refusalOf(hello)).toBeUndefined();
  });

  test('refuses an expelled worker from then on, and not who has its name', () => {
    const { refusalOf, identify, expel } = admissionTo('strict');
    const worker = identify(hello, ADDRESS);
    expel(worker);
    expect(refusalOf({ ...hello, identity: worker.identity })).toMatch(/wrong sum/);
    expect(refusalOf(hello)).toBeUndefined();
    expect(refusalOf({ ...hello, identity: 'another' })).toBeUndefined();
  });

  test('refuses everybody of an address after three wrong sums, except our own workers', () => {
    const { refusalOf, identify, expel, isSuspect, issueOwn } = admissionTo('strict');
    const own = issueOwn();
    expect(isSuspect(ADDRESS)).toBe(false);
    for (let i = 0; i < 3; i++) {
      expect(refusalOf(hello)).toBeUndefined();
      expel(identify(hello, ADDRESS));
      expect(isSuspect(ADDRESS)).toBe(true);
    }
    expect(refusalOf({ ...hello, name: 'another' })).toMatch(/3 workers of its address/);
    expect(refusalOf({ ...hello, identity: own })).toBeUndefined();
    expect(refusalOf(hello, '10.0.0.8')).toBeUndefined();
    expect(isSuspect('10.0.0.8')).toBe(false);
  });

  test('suspects no address because of our own workers', () => {
    const { refusalOf, identify, expel, isSuspect, issueOwn } = admissionTo('strict');
    for (let i = 0; i < 3; i++) expel(identify({ ...hello, identity: issueOwn() }, '127.0.0.1'));
    expect(isSuspect('127.0.0.1')).toBe(false);
    expect(refusalOf(hello, '127.0.0.1')).toBeUndefined();
  });
});

describe('an identity', () => {
  test('is issued anew, unless the worker shows one that was issued', () => {
    const { identify } = admissionTo('strict');
    const first = identify(hello, ADDRESS);
    expect(first).toEqual({
      ...{ identity: 'identity 0', origin: ADDRESS, isOwn: false, isGuest: false },
    });
    expect(identify(hello, ADDRESS).identity).toBe('identity 1');
    expect(identify({ ...hello, identity: 'forged' }, ADDRESS).identity).toBe('identity 2');
    expect(identify({ ...hello, identity: 'identity 0' }, '10.0.0.8')).toEqual({
      identity: 'identity 0',
      origin: '10.0.0.8',
      isOwn: false,
      isGuest: false,
    });
  });

  test('of our own workers makes each of them an origin of its own', () => {
    const { identify, issueOwn } = admissionTo('strict');
    const own = issueOwn();
    expect(identify({ ...hello, identity: own }, '127.0.0.1')).toEqual({
      identity: own,
      origin: own,
      isOwn: true,
      isGuest: false,
    });
    const inThisProcess = identify(hello, undefined);
    expect(inThisProcess).toMatchObject({ isOwn: true, origin: inThisProcess.identity });
  });
});

describe('an origin', () => {
  test.for([
    ['10.0.0.7', '10.0.0.7'],
    ['::ffff:10.0.0.7', '10.0.0.7'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2'],
    ['2001:db8:1:2::6', '2001:db8:1:2'],
    ['2001:db8::6', '2001:db8:0:0'],
    ['fe80::1%eth0', 'fe80:0:0:0'],
    ['::1', '0:0:0:0'],
  ])('of %s is %s', ([address, origin]) => {
    expect(originOf(address)).toBe(origin);
  });
});

describe('a label', () => {
  test('takes tabs for guests, and workers with the token that only works', () => {
    const { identify, issueOwn } = admissionTo('strict', undefined, (token) => token === 'help');
    const isGuest = (given: Partial<Hello>) => identify({ ...hello, ...given }, ADDRESS).isGuest;
    expect(isGuest({})).toBe(false);
    expect(isGuest({ runtime: 'node' })).toBe(false);
    expect(isGuest({ runtime: 'browser' })).toBe(true);
    expect(isGuest({ runtime: 'browser Firefox 140' })).toBe(true);
    expect(isGuest({ token: 'help' })).toBe(true);
    expect(isGuest({ token: 'help', identity: issueOwn() })).toBe(false);
  });

  test('is a name, and the process where there is one', () => {
    expect(labelFor({ name: 'local-0', pid: 31861 })).toBe('local-0/31861');
    expect(labelFor({ name: 'local-0', pid: 0 })).toBe('local-0/0');
    expect(labelFor({ name: 'browser' })).toBe('browser');
  });
});

describe('a free rank', () => {
  test.for([
    [[], 0],
    [[0], 1],
    [[1], 0],
    [[2, 0, 1], 3],
    [[3, 0, 1], 2],
    [[1, 1, 0], 2],
  ] as const)('beside %j is %d, the smallest that nobody has', ([ranks, free]) => {
    expect(freeRank(ranks.map((rank) => ({ rank })))).toBe(free);
  });

  test('is found in whatever can be walked through', () => {
    expect(freeRank(new Set([{ rank: 0 }, { rank: 2 }]))).toBe(1);
  });
});

describe('the member that makes room', () => {
  const member = (origin: string, name: string, hasAnswered = false, isOwn = false) => ({
    origin,
    name,
    hasAnswered,
    isOwn,
  });

  test('is the oldest of the origin that has most members that never answered', () => {
    const members = [
      member('a', 'a0'),
      member('b', 'b0', true),
      member('b', 'b1'),
      member('b', 'b2'),
      member('c', 'c0', true),
      member('c', 'c1', true),
      member('c', 'c2', true),
    ];
    expect(leastProven(members)?.name).toBe('b1');
  });

  test('is nobody that has answered, and no worker of our own', () => {
    expect(leastProven([member('a', 'a0', true), member('b', 'b0', false, true)])).toBeUndefined();
  });
});

describe('what admission remembers', () => {
  test('is the newest, so that it does not fill the memory', () => {
    const admission = admissionTo('strict');
    const identities = Array.from(
      { length: 10_001 },
      (_, i) => admission.identify(hello, `10.1.${i >> 8}.${i & 255}`).identity,
    );
    const identityOf = (identity: string) =>
      admission.identify({ ...hello, identity }, ADDRESS).identity;
    expect(identityOf(identities[10_000])).toBe(identities[10_000]);
    expect(identityOf(identities[0])).not.toBe(identities[0]);
    for (let i = 0; i <= 10_000; i++)
      admission.noteGone({ origin: `origin ${i}`, hasAnswered: false });
    expect(admission.trialDelayMs('origin 10000')).toBeGreaterThan(0);
    expect(admission.trialDelayMs('origin 0')).toBe(0);
  });
});
