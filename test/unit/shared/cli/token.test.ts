import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Command } from 'commander';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { givenToken, tokenOptions } from '../../../../shared/cli/token.ts';
import { temporaryFolder } from '../../../support/temporary-folder.ts';

/** The token of a command with these arguments and variables. */
function tokenOf(args: readonly string[], variables: Record<string, string> = {}) {
  const { title } = process;
  for (const name of ['LOCKSTEP_TOKEN', 'LOCKSTEP_TOKEN_FILE']) vi.stubEnv(name, variables[name]);
  onTestFinished(() => {
    vi.unstubAllEnvs();
    process.title = title;
  });
  const command = new Command();
  for (const option of [...tokenOptions('a secret'), ...tokenOptions('another', 'watch-')])
    command.addOption(option);
  return givenToken(command.parse(args, { from: 'user' }));
}

function fileWith(content: string): string {
  const file = join(temporaryFolder(), 'token');
  writeFileSync(file, content);
  return file;
}

describe('a token', () => {
  test('is undefined unless it is given', () => {
    expect(tokenOf([])).toBeUndefined();
    expect(tokenOf(['--watch-token', 'another one'])).toBeUndefined();
  });

  test('comes from a flag before the environment', () => {
    expect(tokenOf([], { LOCKSTEP_TOKEN: 'variable' })).toBe('variable');
    expect(tokenOf(['--token', 'flag'], { LOCKSTEP_TOKEN: 'variable' })).toBe('flag');
    expect(tokenOf(['--token', 'flag'], { LOCKSTEP_TOKEN_FILE: '/nowhere' })).toBe('flag');
  });

  test('comes from a file, without the line’s end', () => {
    expect(tokenOf(['--token-file', fileWith('secret\n')])).toBe('secret');
    expect(tokenOf([], { LOCKSTEP_TOKEN_FILE: fileWith('secret') })).toBe('secret');
  });

  test('"none" says that there is none', () => {
    expect(tokenOf(['--token', 'none'])).toBeNull();
    expect(tokenOf([], { LOCKSTEP_TOKEN: 'none' })).toBeNull();
  });

  test('is not in the list of processes', () => {
    tokenOf(['--token', 'flag']);
    expect(process.title).toBe('lockstep');
  });

  test.for([
    ['two\nlines', 4],
    ['gr\u00fcn', 3],
    ['\u001b[31mred', 1],
    ['a\u2013b', 2],
  ] as const)('is refused if HTTP cannot carry it: %j', ([token, place]) => {
    const refused = new RegExp(`^character ${place} of the token of --token cannot be sent`);
    expect(() => tokenOf(['--token-file', fileWith(token)])).toThrow(refused);
    expect(() => tokenOf([], { LOCKSTEP_TOKEN: token })).toThrow(refused);
  });

  test('is refused in two flags at once', () => {
    const file = fileWith('secret');
    expect(() => tokenOf(['--token', 'a', '--token-file', file])).toThrow(/both given/);
  });

  test('comes from a variable before the file that a variable names', () => {
    const variables = { LOCKSTEP_TOKEN: 'a', LOCKSTEP_TOKEN_FILE: fileWith('secret') };
    expect(tokenOf([], variables)).toBe('a');
    expect(tokenOf([], { ...variables, LOCKSTEP_TOKEN: '' })).toBe('secret');
  });

  test('that is empty in a variable or its file counts as not given', () => {
    expect(tokenOf([], { LOCKSTEP_TOKEN: '' })).toBeUndefined();
    expect(tokenOf([], { LOCKSTEP_TOKEN_FILE: fileWith('') })).toBeUndefined();
  });

  test('of the wrong length is refused, and is not in the message', () => {
    for (const [token, length] of [
      ['x'.repeat(65), 65],
      ['', 0],
    ] as const) {
      const expected = expect.objectContaining({
        code: 'USAGE',
        message: `the token of --token has ${length} characters: give 1 to 64.`,
      });
      expect(() => tokenOf(['--token', token])).toThrow(expected);
      expect(() => tokenOf(['--token-file', fileWith(token)])).toThrow(expected);
    }
    expect(tokenOf(['--token', 'x'.repeat(64)])).toHaveLength(64);
  });

  test('in a file that cannot be read is an error that says why', () => {
    expect(() => tokenOf(['--token-file', '/nowhere/token'])).toThrow(/--token-file: ENOENT/);
  });
});
