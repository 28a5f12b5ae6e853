import type { Page } from 'playwright-core';
import { describe, expect, test } from 'vitest';
import { findingsOn, LOOKS } from '../support/browser/axe.ts';
import { chromium } from '../support/browser/chromium.ts';
import {
  expectNoProblems,
  GONE,
  type OpenDashboard,
  startRun,
  useDashboards,
} from '../support/browser/dashboard.ts';
import { startCli } from '../support/processes/cli.ts';
import { toyRun } from '../support/processes/toy-cli-run.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

/** Opens the tables of all panels by keyboard. */
async function openTables({ page }: OpenDashboard): Promise<void> {
  const closed = page.locator('footer button[aria-expanded="false"]');
  for (let left = await closed.count(); left > 0; left--) {
    await closed.first().press('Enter');
    await closed.nth(left - 1).waitFor({ state: 'detached' });
  }
}

/** The background of an element, such as "rgb(255, 255, 255)". */
const backgroundOf = (page: Page, selector: string): Promise<string> =>
  page.evaluate(`getComputedStyle(document.querySelector('${selector}')).backgroundColor`);

describe.skipIf(!chromium)('in Chromium (skipped if it is not installed) the dashboard', () => {
  const open = useDashboards();

  /** A dashboard of a run that is over, which stands still. */
  async function openFinished(options: Parameters<typeof open>[1] = {}): Promise<OpenDashboard> {
    const { cli, url } = await startRun([
      ...['coordinator', ...toyRun({ epochs: 1 }), '--port', '0'],
      ...['--out', `${temporaryFolder()}/run`],
    ]);
    const dashboard = await open(url, { expected: GONE, ...options });
    await dashboard.untilStrip(/Waiting for 1 worker/);
    startCli(['worker', url.replace('http', 'ws')]);
    await cli.ended;
    await dashboard.untilStrip(/The coordinator is gone/);
    return dashboard;
  }

  test('is free of findings of axe, in all looks, while it trains and while it waits', async () => {
    const training = await startRun([
      ...['train', ...toyRun({ epochs: 100_000 }), '--workers', '3'],
      ...['--out', `${temporaryFolder()}/run`],
    ]);
    const waiting = await startRun(['coordinator', ...toyRun(), '--port', '0', '--token', 'a']);
    const dashboards = [
      { dashboard: await open(training.url), until: /training.*left/ },
      { dashboard: await open(`${waiting.url}/#token=a`), until: /Start one/ },
      { dashboard: await open(waiting.url, { expected: /401/ }), until: /locked/ },
    ];
    for (const { dashboard, until } of dashboards) {
      const { page } = dashboard;
      await dashboard.untilStrip(until);
      await openTables(dashboard);
      for (const { colorScheme, width } of LOOKS) {
        await page.emulateMedia({ colorScheme });
        await page.setViewportSize({ width, height: 900 });
        expect(await findingsOn(page), `${until} ${colorScheme} ${width}`).toEqual([]);
      }
      expectNoProblems(dashboard);
    }
  });

  test('is used by keyboard alone: Tab reaches every control in order, and shows it', async () => {
    const dashboard = await openFinished();
    const { page } = dashboard;
    await openTables(dashboard);
    await page.evaluate(`{
      const all = document.querySelectorAll(
        'a[href], button, input, select, summary, textarea, [tabindex="0"]');
      globalThis.controls = [...all].filter((each) => each.checkVisibility());
    }`);
    const count = await page.evaluate<number>('controls.length');
    expect(count).toBeGreaterThan(5);
    await page.getByText('Skip to the panels').focus();
    for (let i = 1; i < count; i++) {
      await page.keyboard.press('Tab');
      const focus = await page.evaluate<{ index: number; outline: string; text: string }>(`({
        index: controls.indexOf(document.activeElement),
        outline: getComputedStyle(document.activeElement).outlineStyle,
        text: document.activeElement.outerHTML.slice(0, 200),
      })`);
      expect(focus.index, focus.text).toBe(i);
      expect(focus.outline, focus.text).not.toBe('none');
    }
    expectNoProblems(dashboard);
  });

  test('has a link over the strip to the panels, and a link to each panel', async () => {
    const dashboard = await openFinished();
    const { page } = dashboard;
    await page.keyboard.press('Tab');
    expect(await page.evaluate('document.activeElement.textContent')).toBe('Skip to the panels');
    await page.keyboard.press('Enter');
    expect(await page.evaluate('document.activeElement.id')).toBe('panels');
    const links = page.getByRole('navigation', { name: 'Panels' }).getByRole('link');
    const panels = await page.locator('section.panel').count();
    expect(await links.count()).toBe(panels);
    for (const link of await links.all()) {
      await link.click();
      const id = (await link.getAttribute('href')) ?? '';
      const isBelowStrip = await page.evaluate<boolean>(`
        document.querySelector('${id} h2').getBoundingClientRect().top >=
        document.querySelector('.strip').getBoundingClientRect().bottom`);
      expect(isBelowStrip, id).toBe(true);
    }
  });

  test('has two columns, or one on a phone, below a bar across the window', async () => {
    const dashboard = await openFinished();
    const { page } = dashboard;
    const columns = () =>
      page.evaluate<number>(`new Set(
        [...document.querySelectorAll('.panel')].map((each) => each.getBoundingClientRect().left)
      ).size`);
    const barWidth = () => page.locator('.strip progress').boundingBox();
    expect(await columns()).toBeGreaterThan(1);
    expect(await barWidth()).toMatchObject({ x: 0, width: 1440, height: 4 });
    await page.setViewportSize({ width: 390, height: 900 });
    expect(await columns()).toBe(1);
    expect(await barWidth()).toMatchObject({ x: 0, width: 390, height: 4 });
    expectNoProblems(dashboard);
  });

  test('is light or dark as the user says, after a reload too, or as the system', async () => {
    const { url } = await startRun(['coordinator', ...toyRun(), '--port', '0']);
    const dashboard = await open(url, { colorScheme: 'light' });
    const { page } = dashboard;
    const [light, dark] = ['rgb(255, 255, 255)', 'rgb(20, 23, 27)'];
    await dashboard.untilStrip(/Waiting/);
    const theme = page.getByLabel('Theme');
    expect(await backgroundOf(page, 'body')).toBe(light);
    await theme.selectOption('dark');
    expect(await backgroundOf(page, 'body')).toBe(dark);
    await page.reload();
    await dashboard.untilStrip(/Waiting/);
    expect(await backgroundOf(page, 'body')).toBe(dark);
    expect(await theme.inputValue()).toBe('dark');
    await theme.selectOption('system');
    expect(await backgroundOf(page, 'body')).toBe(light);
    await page.emulateMedia({ colorScheme: 'dark' });
    expect(await backgroundOf(page, 'body')).toBe(dark);
    await theme.selectOption('light');
    expect(await backgroundOf(page, 'body')).toBe(light);
    expectNoProblems(dashboard);
  });

  test('is printed light and whole, without what cannot be used on paper', async () => {
    const dashboard = await openFinished({ colorScheme: 'dark' });
    const { page } = dashboard;
    await page.emulateMedia({ media: 'print', colorScheme: 'dark' });
    await page.locator(':root[data-printing]').waitFor();
    expect(await backgroundOf(page, 'body')).toBe('rgb(255, 255, 255)');
    for (const selector of ['nav', '.theme', '.skip', '.panel > footer'])
      expect(await page.locator(selector).first().isVisible(), selector).toBe(false);
    expect(await page.locator('section.panel').first().isVisible()).toBe(true);
    const pdf = await page.pdf();
    expect(pdf.subarray(0, 4).toString()).toBe('%PDF');
    await page.emulateMedia({ media: 'screen' });
    expect(await backgroundOf(page, 'body')).toBe('rgb(20, 23, 27)');
    expectNoProblems(dashboard);
  });

  test('does without storage, and without JavaScript leads to a plain table', async () => {
    const { url } = await startRun(['coordinator', ...toyRun(), '--port', '0']);
    const noStorage = `for (const name of ['localStorage', 'sessionStorage'])
      Object.defineProperty(window, name, { get() { throw new Error('denied'); } });`;
    const dashboard = await open(url, { before: noStorage });
    await dashboard.untilStrip(/Waiting/);
    await dashboard.page.getByLabel('Theme').selectOption('dark');
    expect(await backgroundOf(dashboard.page, 'body')).toBe('rgb(20, 23, 27)');
    expectNoProblems(dashboard);
    const plain = await open(url, { javaScriptEnabled: false });
    await plain.page.getByRole('link', { name: 'a plain table' }).click();
    await plain.page.getByRole('heading', { name: /^Waiting, step 0 of 1080$/ }).waitFor();
    expect(await plain.page.getByRole('table').count()).toBeGreaterThan(1);
    expectNoProblems(plain);
  });
});
