import type { ChildProcess } from 'node:child_process';

const LAST_WORDS_LENGTH = 2000;
const END_TIMEOUT_MS = 10_000;

/** Collects the last 2,000 characters that a process writes to its standard error. */
export function collectLastWords({ stderr }: ChildProcess): () => string {
  let lastWords = '';
  stderr?.setEncoding('utf8').on('data', (text: string) => {
    lastWords = (lastWords + text).slice(-LAST_WORDS_LENGTH);
  });
  return () => lastWords.trim();
}

/** How a process has ended. Whoever asks has not killed it. */
export function describeExit(code: number | null, signal: NodeJS.Signals | null): string {
  if (signal === 'SIGKILL') return 'killed by signal 9, perhaps out of memory';
  return signal ?? `exit code ${code}`;
}

/** Signals a process and waits until it has ended. Kills it after 10 s. */
export async function endProcess(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise((resolve) => child.once('close', resolve));
  child.kill(signal);
  const force = setTimeout(() => child.kill('SIGKILL'), END_TIMEOUT_MS);
  await ended;
  clearTimeout(force);
}
