/*
 * What a process has found out already, for the processes that it starts on this machine. It is in
 * environment variables. A variable that a process got from anybody but its parent is ignored.
 */

/** The environment variable that hands texts over. No text may have a comma. */
export const handOver = (variable: string, texts: readonly string[]): Record<string, string> => ({
  [variable]: `${process.pid}:${texts.join()}`,
});

/** The texts that the parent process has handed over in this variable. */
export function handedOver(variable: string): string[] {
  const [pid, texts = ''] = (process.env[variable] ?? '').split(':');
  return Number(pid) === process.ppid ? texts.split(',') : [];
}
