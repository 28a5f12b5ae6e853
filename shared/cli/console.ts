import { clearLine, cursorTo } from 'node:readline';
import { LockstepError } from '../errors.ts';
import { printableLines } from '../printable.ts';

export type Level = 'info' | 'warn';

/**
 * Standard output for people: lines, and in a terminal a live line below them. The next live line
 * overwrites it. When the output has broken, the last lines go to standard error.
 */
export interface Console {
  readonly isTerminal: boolean;
  print(text: string, level?: Level): void;
  /** Shows or replaces the live line. Does nothing if the output is a pipe or a file. */
  showLive(line: string): void;
  /** Removes the live line. */
  clearLive(): void;
}

export interface ConsoleOptions {
  /** Whether the lines are a log: outside of a terminal each one begins with time and level. */
  readonly isLog?: boolean;
}

export function createConsole(
  output: NodeJS.WriteStream,
  { isLog = false }: ConsoleOptions = {},
): Console {
  const target = withSpare(output);
  let isLive = false;
  const isTerminal = () => target().isTTY === true;

  function clearLive(): void {
    if (!isLive) return;
    isLive = false;
    if (!isTerminal()) return;
    cursorTo(target(), 0);
    clearLine(target(), 0);
  }

  return {
    get isTerminal() {
      return isTerminal();
    },
    clearLive,
    print(text, level = 'info') {
      clearLive();
      const shown = printableLines(text);
      target().write(isLog && !isTerminal() ? logLines(shown, level) : `${shown}\n`);
    },
    showLive(line) {
      if (!isTerminal()) return;
      clearLive();
      // A line that wraps cannot be overwritten.
      target().write(line.slice(0, (output.columns || 80) - 1));
      isLive = true;
    },
  };
}

/** Prints events as JSON, one per line, each with its time. */
export function createJsonPrinter(output: NodeJS.WriteStream): (event: object) => void {
  const target = withSpare(output);
  return (event) =>
    target().write(`${JSON.stringify({ ...event, time: new Date().toISOString() })}\n`);
}

/** Whether a command prints JSON: with --json, or where the variable LOCKSTEP_LOG says so. */
export function isJsonAsked({ json }: { readonly json?: true }): boolean {
  const format = process.env.LOCKSTEP_LOG || 'text';
  if (format !== 'json' && format !== 'text')
    throw new LockstepError('USAGE', `LOCKSTEP_LOG=${format} is no format: set json or text.`);
  return json === true || format === 'json';
}

/** The output, and standard error once the output cannot be written anymore. */
function withSpare(output: NodeJS.WriteStream): () => NodeJS.WriteStream {
  let target = output;
  output.once('error', () => {
    target = process.stderr;
  });
  return () => target;
}

/** A log needs no empty lines. */
function logLines(text: string, level: Level): string {
  const begin = `${new Date().toISOString().slice(0, 19)}Z ${level} `;
  const lines = text.split('\n').filter((line) => line !== '');
  return lines.map((line) => `${begin} ${line}\n`).join('');
}
