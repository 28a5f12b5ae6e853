import type { Command } from 'commander';
import { NONE, TOKEN_NAMES, type TokenName, tokenFlag } from '../../shared/cli/token.ts';
import { formatCommand, RESUME_VARIABLE, shortPath } from '../../shared/host/command-line.ts';
import type { RunOptions } from './run-options.ts';

/**
 * The flags that a command which goes on with a run repeats. All others are either fixed by the
 * run, or secrets, or chose the folder.
 */
const REPEATED: readonly string[] = [
  'host',
  'port',
  'allowHost',
  'tlsCert',
  'tlsKey',
  'tokenFile',
  'watchTokenFile',
  'workTokenFile',
  'workers',
  'separateProcesses',
  'minWorkers',
  'workerTimeout',
  'audit',
  'predict',
  'checkpointEvery',
  'checkpointInterval',
];

/** The beginning of the command that goes on with the run of a command: `--resume` follows. */
export function continuationOf(command: Command): string[] {
  const flags = command.options.flatMap((option) => {
    const name = option.attributeName();
    if (!REPEATED.includes(name) || command.getOptionValueSource(name) !== 'cli') return [];
    const value: unknown = command.getOptionValue(name);
    return value === true ? [option.long ?? ''] : [option.long ?? '', String(value)];
  });
  const withoutToken = givenTokens(command).filter((name) => isNone(command, name));
  return [command.name(), ...flags, ...withoutToken.flatMap((name) => [tokenFlag(name), NONE])];
}

const givenTokens = (command: Command): TokenName[] =>
  TOKEN_NAMES.filter((name) => command.getOptionValueSource(name) === 'cli');

const isNone = (command: Command, name: TokenName): boolean =>
  command.getOptionValue(name) === NONE;

/** The command that goes on with a run. */
export function resumeCommand(
  { continuation = ['train'] }: Pick<RunOptions, 'continuation'>,
  runDir: string,
): string {
  return (
    process.env[RESUME_VARIABLE] || formatCommand(...continuation, '--resume', shortPath(runDir))
  );
}

const COMMANDS: readonly string[] = ['train', 'coordinator'];

/**
 * The beginning of a command as a run's records have it. It is left out if it has anything that a
 * coordinator would not write: the folder may come from anybody, and people copy the command.
 */
export function recordedContinuation(words: string[] = []): Pick<RunOptions, 'continuation'> {
  const isFlag = (word: string) => word.startsWith('-');
  const known = REPEATED.map((name) => `--${name.replace(/[A-Z]/g, '-$&').toLowerCase()}`);
  const [command = '', ...rest] = words;
  const withoutToken: readonly string[] = TOKEN_NAMES.map(tokenFlag);
  const isKnown =
    COMMANDS.includes(command) &&
    rest.every((word, index) =>
      withoutToken.includes(word)
        ? rest[index + 1] === NONE
        : !isFlag(word) || known.includes(word),
    );
  return isKnown ? { continuation: words } : {};
}

/** What a command that goes on must give again by itself: secrets are in no printed command. */
export function secretsOf(command: Command): string[] {
  return givenTokens(command)
    .filter((name) => !isNone(command, name))
    .map(tokenFlag);
}
