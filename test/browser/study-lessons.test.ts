import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { describe, expect, test } from 'vitest';
import { chromium } from '../support/browser/chromium.ts';
import { expectNoProblems, GONE, useDashboards } from '../support/browser/dashboard.ts';
import { runCli, startCli } from '../support/processes/cli.ts';
import { toyRun } from '../support/processes/toy-cli-run.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

/** A run that is over. Every fifth of its labels is wrong, so its net is wrong, too. */
async function trainRun(cwd: string, name: string, ...flags: string[]): Promise<void> {
  const common = ['train', ...toyRun({ epochs: 1 }), '--workers', '0', '--out', join(cwd, name)];
  const { code, stderr } = await runCli([...common, ...flags], { cwd });
  expect(code, stderr).toBe(0);
}

/** Serves a run from its folder. */
async function view(cwd: string, name: string, port = '0') {
  const running = startCli(['view', name, '--port', port], { cwd });
  await expect.poll(() => running.lines.length).toBeGreaterThan(1);
  return { running, url: running.lines[0].split(/ +/)[1] };
}

const textOf = (page: Page, selector: string) => page.locator(selector).first().innerText();

describe.skipIf(!chromium)('in Chromium (skipped if it is not installed) Learning', () => {
  const open = useDashboards();

  test('has a lesson that chooses a wrong example, for steps of any size', async () => {
    const cwd = temporaryFolder();
    await trainRun(cwd, 'run');
    const { url } = await view(cwd, 'run');
    const dashboard = await open(`${url}?learning&lesson=step`);
    const { page } = dashboard;
    await expect.poll(() => textOf(page, '#study')).toMatch(/That is wrong/);
    const links = page.locator('.look-at a');
    await expect.poll(() => links.allInnerTexts()).toContain('Output against desired');

    await page.getByRole('button', { name: /Just tell me/ }).click();
    await page.getByRole('button', { name: 'Take one step' }).click();
    await expect.poll(() => textOf(page, '#output')).toMatch(/its loss falls from/);
    const rates = await page
      .locator('#output option')
      .evaluateAll((all) =>
        all.map((option) => Number((option as unknown as { value: string }).value)),
      );
    expect(rates.map((rate) => rate / rates[1])).toEqual([0.1, 1, 10, 100, 1000].map(closeTo));
    await page.getByLabel('Learning rate η').selectOption(String(rates[4]));
    const shown = `with η = ${rates[4]}: its loss`;
    await expect.poll(() => textOf(page, '#output')).toContain(shown);
    expectNoProblems(dashboard);
  });

  test('shows another run that has taken its port', async () => {
    const cwd = temporaryFolder();
    await trainRun(cwd, 'one');
    await trainRun(cwd, 'other', '--layers', '7');
    const first = await view(cwd, 'one');
    const dashboard = await open(`${first.url}?learning`, { expected: GONE });
    const { page } = dashboard;
    await expect.poll(() => textOf(page, '#features')).toContain('48 units');
    first.running.child.kill('SIGINT');
    await first.running.ended;
    // The last net stays while nobody answers.
    await dashboard.untilStrip(/The coordinator is gone/);
    expect(await textOf(page, '#features')).toContain('48 units');
    await view(cwd, 'other', new URL(first.url).port);
    await expect.poll(() => textOf(page, '#features')).toContain('7 units');
    expectNoProblems(dashboard);
  });

  test('leaves the lesson about the cluster to the page of the cluster', async () => {
    const cwd = temporaryFolder();
    await trainRun(cwd, 'run');
    const { url } = await view(cwd, 'run');
    const dashboard = await open(`${url}?learning&lesson=lockstep`);
    const { page } = dashboard;
    const links = page.locator('.look-at a');
    await expect.poll(() => links.allInnerTexts()).toContain('Reduction tree of this step');
    expect(await page.locator('#tree.lit').count()).toBe(1);
    expect(new URL(page.url()).search).toBe('');
    await page.locator('#lessons').getByRole('button', { name: 'Next' }).click();
    await page.reload();
    await expect.poll(() => textOf(page, '#lessons')).toContain('Screen 2 of 4');
    await page.getByRole('button', { name: 'All lessons' }).click();
    await expect.poll(() => textOf(page, '#lessons')).toContain('Five lessons');
    expectNoProblems(dashboard);
  });
});

const closeTo = (value: number) => expect.closeTo(value, 5);
