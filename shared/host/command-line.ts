import { relative } from 'node:path';

/**
 * The variable that says how people start Lockstep where this process runs, such as
 * `docker compose run --rm coordinator`. Printed commands begin with its value.
 */
export const COMMAND_VARIABLE = 'LOCKSTEP_COMMAND';

/** The variable that says how people start this process again, so that it goes on with its run. */
export const RESUME_VARIABLE = 'LOCKSTEP_RESUME_COMMAND';

/** A command that people can copy into a shell: the arguments, after the name of the program. */
export const formatCommand = (...args: readonly string[]): string =>
  [programName(), ...args.map(quoteArgument)].join(' ');

/** An argument as a POSIX shell reads it. */
export function quoteArgument(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", String.raw`'\''`)}'`;
}

/** The path relative to the current folder, if that is shorter. */
export function shortPath(path: string): string {
  const fromHere = relative(process.cwd(), path);
  if (fromHere === '' || fromHere.length >= path.length) return path;
  // A relative path must not look like a flag.
  return fromHere.startsWith('-') ? `./${fromHere}` : fromHere;
}

function programName(): string {
  const configured = process.env[COMMAND_VARIABLE];
  if (configured) return configured;
  const [, script = ''] = process.argv;
  const isDirect = script.endsWith('.ts') && !process.env.npm_execpath;
  return isDirect
    ? `${quoteArgument(process.argv0)} ${quoteArgument(shortPath(script))}`
    : 'npx lockstep';
}
