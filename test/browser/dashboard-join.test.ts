import type { Page } from 'playwright-core';
import { describe, expect, test } from 'vitest';
import { qrPath } from '../../coordinator/dashboard/page/control/qr-path.ts';
import type { JoinAnswer } from '../../coordinator/port/answers/join-answer.ts';
import { chromium } from '../support/browser/chromium.ts';
import {
  type DashboardOptions,
  expectNoProblems,
  startRun,
  useDashboards,
} from '../support/browser/dashboard.ts';
import { startCli } from '../support/processes/cli.ts';
import { toyRun } from '../support/processes/toy-cli-run.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const TALL = { width: 1440, height: 5000 };
const CLIPBOARD = ['clipboard-read', 'clipboard-write'];
/** Others reach it, by a name that stands for an address. */
const FOR_OTHERS = ['--host', '0.0.0.0', '--allow-host', 'trainer.example'];
const TOKENS = ['--token', 'lever', '--watch-token', 'look'];

/** A run without workers, which stands still. */
async function startWaiting(flags: readonly string[]) {
  const run = await startRun([
    ...['coordinator', ...toyRun(), '--port', '0', ...flags],
    ...['--out', `${temporaryFolder()}/run`],
  ]);
  const answerTo = async (token?: string): Promise<JoinAnswer> => {
    const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
    return (await fetch(`${run.url}/api/join`, { headers })).json() as Promise<JoinAnswer>;
  };
  return { ...run, answerTo };
}

const copied = (page: Page): Promise<string> => page.evaluate('navigator.clipboard.readText()');

describe.skipIf(!chromium)('in Chromium (skipped if it is not installed) the panel', () => {
  const open = useDashboards();

  async function openPanel(url: string, options: DashboardOptions = {}) {
    const dashboard = await open(url, { viewport: TALL, permissions: CLIPBOARD, ...options });
    const panel = dashboard.page.locator('#join');
    await panel.getByText('On this machine', { exact: true }).waitFor();
    const button = (name: string | RegExp) => panel.getByRole('button', { name });
    const commands = async () =>
      (await panel.locator('dd code').allInnerTexts()).map((text) => text.trim());
    return { dashboard, page: dashboard.page, panel, button, commands };
  }

  test('gives a command that joins, and says who cannot reach the run', async () => {
    const { cli, url, answerTo } = await startWaiting([]);
    const { dashboard, page, panel, button, commands } = await openPanel(url);
    const answer = await answerTo();
    expect(await panel.locator('h2').innerText()).toBe(
      'Workers and people join from this machine only.',
    );
    expect(await panel.innerText()).toMatch(
      /Only this machine reaches the coordinator\. Start the run with --host 0\.0\.0\.0,/,
    );
    expect(await panel.getByRole('img').count()).toBe(0);
    expect(await commands()).toEqual([answer.commands.here, answer.commands.docker]);
    await button('Copy the command to join on this machine').click();
    await panel
      .getByRole('status')
      .getByText('The command to join on this machine is copied.')
      .waitFor();
    expect(await copied(page)).toBe(answer.commands.here);
    startCli(['worker', (await copied(page)).split(' ').at(-1) ?? '']);
    await cli.next('worker', ({ state }) => state === 'ready');
    expectNoProblems(dashboard);
  });

  test('hides the token until somebody asks for it, and copies it all the same', async () => {
    const { url, answerTo } = await startWaiting([...FOR_OTHERS, ...TOKENS]);
    const { dashboard, page, panel, button, commands } = await openPanel(`${url}/#token=lever`);
    const answer = await answerTo('lever');
    expect(await panel.locator('h2').innerText()).toMatch(/this machine and from others\.$/);
    const addresses = panel.locator('.address code');
    expect(await addresses.allInnerTexts()).toEqual([
      answer.dashboards[1],
      `${answer.dashboards[1]}join#token=•••`,
    ]);
    expect(answer.dashboards[1]).toMatch(/^http:\/\/trainer\.example:\d+\/$/);
    expect(await page.content()).not.toContain('lever');
    expect(await panel.getByRole('img').count()).toBe(0);
    await button('Copy the command to join with Docker').click();
    await panel.getByText('The command to join with Docker is copied.').waitFor();
    expect(await copied(page)).toBe(answer.commands.docker);
    await button('Copy the link for browsers').click();
    await panel.getByText('The link for browsers is copied.').waitFor();
    expect(await copied(page)).toBe(answer.tab.qr.url);
    expect(answer.tab.qr.url).not.toContain('lever');
    await button('Show the code').nth(1).click();
    await panel.getByRole('img', { name: `QR code of ${answer.tab.address}` }).waitFor();
    expect(await page.content()).not.toContain('lever');
    await button('Show the code').press('Enter');
    const name = `QR code of ${answer.dashboards[1]}`;
    const code = panel.getByRole('img', { name, exact: true });
    await code.waitFor();
    expect(await code.locator('path').getAttribute('d')).toBe(qrPath(answer.page.qr.modules));
    const { here, elsewhere, docker } = answer.commands;
    expect(await commands()).toEqual([here, ...elsewhere, docker]);
    // The button is gone. The focus is not lost.
    await panel.locator('.join:focus').waitFor();
    await button('Hide the token').click();
    await button('Show the token').waitFor();
    expect(await page.content()).not.toContain('lever');
    expectNoProblems(dashboard);
  });

  test('of people who may only watch has a code without a token', async () => {
    const { url, answerTo } = await startWaiting([...FOR_OTHERS, ...TOKENS]);
    const { dashboard, panel } = await openPanel(`${url}/#token=look`, { colorScheme: 'dark' });
    const answer = await answerTo('look');
    expect(answer.page.qr.url).toBe(answer.dashboards[1]);
    const code = panel.getByRole('img').first();
    expect(await code.locator('path').getAttribute('d')).toBe(qrPath(answer.page.qr.modules));
    // Four white modules around it, in the dark too.
    const { size } = answer.page.qr;
    const white = code.locator('rect');
    expect(await white.getAttribute('fill')).toBe('#fff');
    expect([await white.getAttribute('x'), await white.getAttribute('width')]).toEqual([
      ...['-4', String(size + 8)],
    ]);
    await panel.getByText('Workers need the token of the coordinator').waitFor();
    expect(await panel.getByRole('button', { name: 'Show the token' }).count()).toBe(0);
    expectNoProblems(dashboard);
  });

  test('asks once when it comes into sight, and again when somebody wants it', async () => {
    const { cli, url } = await startRun([
      ...['train', ...toyRun({ epochs: 100_000 }), '--workers', '1'],
      ...['--out', `${temporaryFolder()}/run`],
    ]);
    const dashboard = await open(url, { viewport: { width: 1440, height: 400 } });
    const { page } = dashboard;
    const asked: string[] = [];
    page.on('request', (request) => asked.push(new URL(request.url()).pathname));
    const asks = () => asked.filter((path) => path === '/api/join').length;
    await page.reload();
    await dashboard.untilStrip(/training.*examples\/s/);
    const panel = page.locator('#join');
    await panel.scrollIntoViewIfNeeded();
    await panel.getByText('On this machine', { exact: true }).waitFor();
    await cli.next('epoch');
    await cli.next('epoch');
    await page
      .locator('#disturb')
      .getByText(/Chain after step/)
      .waitFor();
    expect(asks()).toBe(1);
    const response = page.waitForResponse('**/api/join');
    await panel.getByRole('button', { name: 'Ask again' }).click();
    await response;
    expect(asks()).toBe(2);
    expectNoProblems(dashboard);
  });

  test('copies without the clipboard of pages with TLS, and keeps the focus', async () => {
    const { url } = await startWaiting([]);
    const before = `Object.defineProperty(navigator, 'clipboard', { value: undefined });
      document.addEventListener('copy', () => { globalThis.copied = String(getSelection()); });`;
    const { dashboard, page, panel, button, commands } = await openPanel(url, { before });
    const copy = button('Copy the command to join on this machine');
    await copy.focus();
    await page.keyboard.press('Enter');
    await panel.getByText('The command to join on this machine is copied.').waitFor();
    expect(await page.evaluate('globalThis.copied')).toBe((await commands())[0]);
    await copy.and(page.locator(':focus')).waitFor();
    expect(await copy.innerText()).toBe('Copied');
    expectNoProblems(dashboard);
  });
});
