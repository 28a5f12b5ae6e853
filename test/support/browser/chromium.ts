import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { onTestFinished } from 'vitest';
import { temporaryFolder } from '../temporary-folder.ts';
import { findChromium } from './find-program.ts';

/** The program Chromium; undefined if it is not installed. */
export const chromium = findChromium();

/** Opens a page in a browser of its own, until the test ends. */
export function openPage(url: string): void {
  const flags = [
    '--headless=new',
    '--no-sandbox',
    '--disable-gpu',
    `--user-data-dir=${temporaryFolder()}`,
  ];
  const browser = spawn(chromium ?? '', [...flags, url], { stdio: 'ignore' });
  onTestFinished(async () => {
    browser.kill('SIGKILL');
    if (browser.exitCode === null && browser.signalCode === null) await once(browser, 'exit');
  });
}
