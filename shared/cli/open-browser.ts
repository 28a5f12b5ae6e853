import { reasonOf } from '../errors.ts';

/**
 * Opens an address in the user's browser. Calls `onFailure` with a sentence for people if that is
 * not possible, as on a machine without a screen. Never rejects.
 */
export async function openBrowser(
  url: string,
  onFailure: (message: string) => void,
): Promise<void> {
  const fail = (reason: string) =>
    onFailure(`cannot open a browser: ${reason}. Open ${url} yourself`);
  try {
    const { default: open } = await import('open');
    const child = await open(url);
    child.once('error', (error) => fail(reasonOf(error)));
    child.once('exit', (code) => {
      if (code) fail(`its command ended with exit code ${code}`);
    });
  } catch (error) {
    fail(reasonOf(error));
  }
}
