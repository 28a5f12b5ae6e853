import { Command, Option } from 'commander';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { addPortOptions, portOptionsOf } from '../../../../coordinator/options/port-flags.ts';

/** The port that a command asks for with these arguments and variables. */
function portOf(args: readonly string[], variables: Record<string, string> = {}) {
  for (const [name, value] of Object.entries(variables)) vi.stubEnv(name, value);
  const command = addPortOptions(
    new Command().exitOverride(),
    new Option('--port <number>').default(8080),
  );
  command.parse(args, { from: 'user' });
  return portOptionsOf(command);
}

afterEach(() => vi.unstubAllEnvs());

describe('a token', () => {
  test.for([[], ['--host', '127.0.0.1'], ['--host', 'localhost'], ['--host', '::1']])(
    'is not needed where only this machine can connect: %j',
    (args) => {
      expect(portOf(args)).toMatchObject({ secrets: { token: null }, isTokenMade: false });
    },
  );

  test.for([
    ['--host', '0.0.0.0'],
    ['--host', '::'],
    ['--host', '192.0.2.7'],
  ])('is made where others can connect: %j', (args) => {
    const [first, second] = [portOf(args), portOf(args)];
    expect(first.isTokenMade).toBe(true);
    expect(first.secrets.token).toMatch(/^[\w-]{16,}$/);
    expect(first.secrets.token).not.toBe(second.secrets.token);
  });

  test('is made or not by the address at which a container’s port is published', () => {
    const args = ['--host', '0.0.0.0'];
    expect(portOf(args, { LOCKSTEP_PUBLISHED: '127.0.0.1' }).secrets.token).toBeNull();
    expect(portOf(args, { LOCKSTEP_PUBLISHED: '0.0.0.0' }).isTokenMade).toBe(true);
  });

  test.for([
    [[], true],
    [['--token', 'none', '--host', '0.0.0.0'], true],
    [['--host', '0.0.0.0'], false],
    [['--token', 'mine'], false],
  ] as const)('for control alone is made where there is no other: %j, %j', ([args, isMade]) => {
    const [first, second] = [portOf(args).secrets, portOf(args).secrets];
    expect(first.controlToken !== undefined).toBe(isMade);
    if (!isMade) return;
    expect(first.controlToken).toMatch(/^[\w-]{16,}$/);
    expect(first.controlToken).not.toBe(second.controlToken);
  });

  test('of the user is taken, also "none"', () => {
    const args = ['--host', '0.0.0.0', '--token'];
    expect(portOf([...args, 'mine'])).toMatchObject({
      secrets: { token: 'mine' },
      isTokenMade: false,
    });
    expect(portOf([...args, 'none']).secrets.token).toBeNull();
    expect(portOf([...args, 'mine', '--watch-token', 'look']).secrets.watchToken).toBe('look');
  });
});

describe('a token that only works', () => {
  test('is made where there is a token, so that a link need not give control', () => {
    const { token, workToken } = portOf(['--host', '0.0.0.0']).secrets;
    expect(workToken).toMatch(/^[\w-]{16,}$/);
    expect(workToken).not.toBe(token);
    expect(portOf([]).secrets.workToken).toBeUndefined();
  });

  test('of the user is taken, also "none" and from a variable', () => {
    const args = ['--token', 'mine'];
    expect(portOf([...args, '--work-token', 'help']).secrets.workToken).toBe('help');
    expect(portOf([...args, '--work-token', 'none']).secrets.workToken).toBeNull();
    const variable = { LOCKSTEP_WORK_TOKEN: 'help' };
    expect(portOf(args, variable).secrets.workToken).toBe('help');
  });
});

test('a certificate without its key is wrong usage', () => {
  expect(() => portOf(['--tls-cert', 'cert.pem'])).toThrow(/--tls-cert and --tls-key/);
  expect(portOf(['--tls-cert', 'c', '--tls-key', 'k']).tls).toEqual({ cert: 'c', key: 'k' });
});
