import { clearLine, cursorTo } from 'node:readline';

/** Standard output for people: lines, and in a terminal one live line below them that is written over. */
export interface Console {
  readonly isTerminal: boolean;
  print(line: string): void;
  /** Shows or replaces the live line; does nothing in a pipe or a file. */
  showLive(line: string): void;
  /** Removes the live line. */
  clearLive(): void;
}

export function createConsole(output: NodeJS.WriteStream): Console {
  const isTerminal = output.isTTY === true;
  let isLive = false;

  function clearLive(): void {
    if (!isLive) return;
    cursorTo(output, 0);
    clearLine(output, 0);
    isLive = false;
  }

  return {
    isTerminal,
    clearLive,
    print(line) {
      clearLive();
      output.write(`${line}\n`);
    },
    showLive(line) {
      if (!isTerminal) return;
      clearLive();
      // A line that wraps could not be written over.
      output.write(line.slice(0, (output.columns || 80) - 1));
      isLive = true;
    },
  };
}
