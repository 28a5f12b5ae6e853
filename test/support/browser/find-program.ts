import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

/** The first of these programs that is installed. Names are looked up in PATH. */
export function findProgram(...names: readonly string[]): string | undefined {
  const folders = (process.env.PATH ?? '').split(delimiter);
  return names
    .flatMap((name) => (name.includes('/') ? [name] : folders.map((each) => join(each, name))))
    .find(isProgram);
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** The program Chromium, by the variable CHROME_PATH or in PATH. */
export function findChromium(): string | undefined {
  const { CHROME_PATH } = process.env;
  return findProgram(
    ...(CHROME_PATH ? [CHROME_PATH] : []),
    ...['chromium', 'chromium-browser', 'google-chrome'],
  );
}
