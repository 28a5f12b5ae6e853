import { type Command, Option } from 'commander';
import { LockstepError, reasonOf } from '../errors.ts';
import { readShortText } from '../host/read-file.ts';
import { NAME_LENGTH_MAX } from '../protocol/limits.ts';

/*
 * Where a token comes from: --token, --token-file, or the variables LOCKSTEP_TOKEN and
 * LOCKSTEP_TOKEN_FILE, in this order. A variable that leads to an empty token counts as not given:
 * so does the secret of a container if nobody chose one. A token is never part of a message, also
 * if it is wrong: messages end up in logs.
 */

/** Given in place of a token: there is none, and that is meant. */
export const NONE = 'none';

const TOKEN_FILE_BYTES_MAX = 4096;

/** The names of tokens, each with its flag. */
const FLAGS = { token: '--token', watchToken: '--watch-token', workToken: '--work-token' } as const;
export type TokenName = keyof typeof FLAGS;
export const TOKEN_NAMES = Object.keys(FLAGS) as TokenName[];

/** The flag of a token, such as `--watch-token`. */
export const tokenFlag = (name: TokenName): string => FLAGS[name];

/** The options of a token. `prefix` is put before the name: `watch-` for `--watch-token`. */
export function tokenOptions(
  description: string,
  prefix: '' | 'watch-' | 'work-' = '',
): [Option, Option] {
  const variable = `LOCKSTEP_${prefix.replace('-', '_').toUpperCase()}TOKEN`;
  return [
    new Option(`--${prefix}token <token>`, description).env(variable),
    new Option(
      `--${prefix}token-file <file>`,
      'a file with that token, so that it is in no list of processes',
    ).env(`${variable}_FILE`),
  ];
}

/**
 * The token that the options of a command give: undefined if they give none, null for "none".
 * Throws a `USAGE` error if it cannot be one.
 */
export function givenToken(command: Command, name: TokenName = 'token'): string | null | undefined {
  const flag = tokenFlag(name);
  const keys = [name, `${name}File` as const];
  const given = (source: string) =>
    keys.filter((key) => command.getOptionValueSource(key) === source);
  const inFlags = given('cli');
  if (inFlags.length > 1)
    throw new LockstepError('USAGE', `${flag} and ${flag}-file are both given: give one of them.`);
  // The arguments of a process can be read by everybody on its machine.
  if (inFlags[0] === name) process.title = 'lockstep';
  const tokenIn = (key: typeof name | `${typeof name}File`): string => {
    const value: string = command.getOptionValue(key);
    return key === name ? value : readToken(value, flag);
  };
  const inVariables = () => given('env').map(tokenIn).find(Boolean);
  const token = inFlags.length > 0 ? tokenIn(inFlags[0]) : inVariables();
  if (token === undefined) return undefined;
  if (token === NONE) return null;
  if (token.length < 1 || token.length > NAME_LENGTH_MAX) {
    throw new LockstepError(
      'USAGE',
      `the token of ${flag} has ${token.length} characters: give 1 to ${NAME_LENGTH_MAX}.`,
    );
  }
  const unfit = token.search(NOT_IN_HEADERS);
  if (unfit < 0) return token;
  throw new LockstepError(
    'USAGE',
    `character ${unfit + 1} of the token of ${flag} cannot be sent in an HTTP header: give one ` +
      'line of letters, digits and other characters of ASCII.',
  );
}

/** Browsers refuse to send these in a header, and other programs send them in different ways. */
const NOT_IN_HEADERS = /[^\x20-\x7e]/;

function readToken(file: string, flag: string): string {
  try {
    return readShortText(file, TOKEN_FILE_BYTES_MAX).trim();
  } catch (error) {
    throw new LockstepError('USAGE', `cannot read the file of ${flag}-file: ${reasonOf(error)}.`);
  }
}
