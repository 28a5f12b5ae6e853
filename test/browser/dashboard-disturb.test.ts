import type { Locator } from 'playwright-core';
import { describe, expect, onTestFinished, test } from 'vitest';
import { findingsOn, LOOKS } from '../support/browser/axe.ts';
import { chromium } from '../support/browser/chromium.ts';
import {
  expectNoProblems,
  GONE,
  type OpenDashboard,
  startRun,
  useDashboards,
} from '../support/browser/dashboard.ts';
import type { RunningCli } from '../support/processes/cli.ts';
import { type ToyRunOptions, toyRun, undisturbedHash } from '../support/processes/toy-cli-run.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

/** Long enough that all of it happens before the end. Processes take longer for a step. */
const KINDS: [string, string[], ToyRunOptions][] = [
  ['threads', [], { epochs: 100 }],
  ['processes', ['--separate-processes'], { epochs: 60 }],
];
const ENDLESS = { epochs: 100_000 };
/** All panels are in sight. */
const TALL = { width: 1440, height: 5000 };
const TOKENS = ['--token', 'lever', '--watch-token', 'look'];

function startTraining(workers: number, flags: readonly string[], options: ToyRunOptions) {
  return startRun([
    ...['train', ...toyRun(options), '--workers', String(workers), ...flags, ...TOKENS],
    ...['--out', `${temporaryFolder()}/run`],
  ]);
}

/** The panel on a page, with what people do there. */
function panelOf({ page }: OpenDashboard) {
  const panel = page.locator('#disturb');
  const button = (name: string | RegExp) => panel.getByRole('button', { name });
  return {
    panel,
    button,
    /** The rows of the workers, or the one of a rank. */
    row: (text = '') => panel.locator('.crowd li').filter({ hasText: text }),
    /** Resolves when the coordinator has answered so. */
    until: (hasText: string | RegExp) => panel.getByRole('status').filter({ hasText }).waitFor(),
    /** Resolves when an element has the focus. */
    untilFocused: (element: Locator) => element.and(page.locator(':focus')).waitFor(),
  };
}

const gone = (element: Locator) => element.waitFor({ state: 'detached' });

async function expectSameHash(cli: RunningCli, options: ToyRunOptions): Promise<void> {
  expect((await cli.next('done')).parametersSha256).toBe(await undisturbedHash(options));
  expect((await cli.ended).code).toBe(0);
}

describe.skipIf(!chromium)('in Chromium (skipped if it is not installed) people', () => {
  const open = useDashboards();

  async function openPanel(url: string, expected = GONE) {
    const dashboard = await open(`${url}/#token=lever`, { expected, viewport: TALL });
    const panel = panelOf(dashboard);
    await panel.button(/^Kill: rank 0/).waitFor();
    return { dashboard, ...panel };
  }

  test.for(KINDS)(
    'kill, dismiss, stall and start workers of %s, and the hash stays the same',
    async ([, flags, options]) => {
      const { cli, url } = await startTraining(2, flags, options);
      const { dashboard, panel, button, row, until } = await openPanel(url);
      await button(/^Kill: rank 0/).click();
      await until(/Killed rank 0 \(local-\d\)\. It is started again in a moment\./);
      await cli.next('worker', ({ state, rank }) => state === 'left' && rank === 0);
      await cli.next('worker', ({ state }) => state === 'ready');
      const incidents = dashboard.page.locator('#incidents');
      await incidents.getByText(/killed rank 0 .*, asked for on the dashboard/i).waitFor();
      await button(/^Ask to leave: rank 1/).click();
      await until(/Asked rank 1 \(local-\d\) to leave/);
      await gone(row('rank 1'));
      // Nothing goes on until the new one is there.
      await panel.getByLabel('A stall lasts').selectOption('10 s');
      await button(/^Stall: rank 0/).click();
      await until(/(Suspended|Held back the answers of) rank 0 .* for 10 s\./);
      await button('Start a worker').click();
      await until(/Started worker local-\d\./);
      const { name } = await cli.next('worker', ({ state }) => state === 'ready');
      await row(name).waitFor();
      const shown = await panel.locator('.promise').innerText();
      expect(shown).toMatch(/^The hash stays the same\. Chain after step [\d,]+: \w{4}…\w{4}$/);
      await expectSameHash(cli, options);
      await panel.getByText('The run is over, so nobody can disturb it anymore.').waitFor();
      const end = await panel.locator('.promise').innerText();
      const hash = await undisturbedHash(options);
      expect(end).toContain(`${hash.slice(0, 4)}…${hash.slice(-4)}`);
      expect(await panel.getByRole('button').count()).toBe(0);
      expectNoProblems(dashboard);
    },
  );

  test.for(KINDS)(
    'flip a bit in a sum of workers of %s, which is found, and the hash stays the same',
    async ([, flags]) => {
      const options = { epochs: 20 };
      const { cli, url } = await startTraining(2, [...flags, '--audit', '1'], options);
      const { dashboard, button, until } = await openPanel(url);
      await button(/^Flip a bit: rank 1/).click();
      await until(/A bit of the next sum of rank 1 .* is flipped\. The audit will find that/);
      const found = await cli.next('notice', ({ code }) => code === 'audit');
      expect(found.message).toMatch(/^rank 1 .* gave a wrong sum/);
      await expectSameHash(cli, options);
      expectNoProblems(dashboard);
    },
  );

  test('cannot flip a bit in a run that does not audit, and read why', async () => {
    const { url } = await startTraining(1, ['--audit', '0.5'], ENDLESS);
    const { dashboard, panel, button } = await openPanel(url);
    const flip = button(/^Flip a bit/);
    expect(await flip.isDisabled()).toBe(true);
    expect(await flip.getAttribute('aria-describedby')).toBe('no-flip');
    expect(await panel.locator('#no-flip').innerText()).toBe(
      'No bit can be flipped: this run checks 50 % of all sums, so its result would change. ' +
        'Start it with --audit 1.',
    );
    expectNoProblems(dashboard);
  });

  test('who may only watch have no buttons, until the address brings the token', async () => {
    const { url } = await startTraining(1, [], ENDLESS);
    const dashboard = await open(`${url}/#token=look`, { viewport: TALL });
    const { page } = dashboard;
    const { panel, button } = panelOf(dashboard);
    await panel.getByText('This page may watch the run, but not disturb it.').waitFor();
    await panel.getByText('With the token of the coordinator').waitFor();
    expect(await panel.locator('button, input, select').count()).toBe(0);
    await page.evaluate(`location.hash = 'token=lever'`);
    await button(/^Kill: rank 0/).waitFor();
    expect(await page.evaluate('location.hash')).toBe('');
    expectNoProblems(dashboard);
  });

  test('stop the run after a question, by keyboard alone, and read how to go on', async () => {
    const { cli, url } = await startTraining(2, [], ENDLESS);
    const { dashboard, panel, button, until, untilFocused } = await openPanel(url);
    const { page } = dashboard;
    const stop = button('Stop the run');
    await stop.focus();
    await page.keyboard.press('Enter');
    await panel.getByText(/Stop the run\? A checkpoint is saved\.\s+To go on later:/).waitFor();
    await page.keyboard.press('Tab');
    await untilFocused(button('Stop and save'));
    await page.keyboard.press('Escape');
    await gone(button('Stop and save'));
    await untilFocused(stop);
    await page.keyboard.press('Space');
    await button('Stop and save').waitFor();
    await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    await until(/The run is stopped in order, with a checkpoint\./);
    await cli.next('stopped');
    expect((await cli.ended).code).toBe(130);
    await dashboard.untilStrip(/The run is over: stopped.* Go on with it:/);
    // The button is gone. The focus is not lost.
    await untilFocused(panel.locator('.disturb'));
    expectNoProblems(dashboard);
  });

  test('use the buttons by keyboard alone, and keep the focus when a worker goes', async () => {
    const { url } = await startTraining(3, [], ENDLESS);
    const { dashboard, panel, button, row, until, untilFocused } = await openPanel(url);
    const { page } = dashboard;
    const list = panel.getByRole('region', { name: 'Workers to disturb' });
    // All rows are there, so that none comes between two presses.
    for (const rank of [0, 1, 2]) await button(new RegExp(`^Kill: rank ${rank}`)).waitFor();
    await list.focus();
    const names = ['Kill', 'Stall', 'Ask to leave', 'Kill', 'Stall', 'Ask to leave'];
    for (const name of names) {
      await page.keyboard.press('Tab');
      expect(await page.evaluate('document.activeElement.innerText')).toBe(name);
    }
    await page.keyboard.press('Enter');
    await until(/Asked rank 1 /);
    await gone(row('rank 1'));
    await untilFocused(list);
    // A row that stays is the same element as before.
    await row('rank 2').evaluate((it) => it.setAttribute('data-same', ''));
    await button(/^Ask to leave: rank 0/).click();
    await gone(row('rank 0'));
    expect(await row('rank 2').getAttribute('data-same')).toBe('');
    expectNoProblems(dashboard);
  });

  test('set how often faults happen by chance, see what others set, and calm it', async () => {
    const { url } = await startTraining(2, [], ENDLESS);
    const { dashboard, panel, button, until } = await openPanel(url);
    const other = await openPanel(url);
    await panel.getByLabel('A stall lasts').selectOption('0.5 s');
    for (const [name, presses] of [
      ['Stalls', 1],
      ['Joins', 2],
    ] as const) {
      await panel.getByRole('slider', { name }).focus();
      for (let i = 0; i < presses; i++) await dashboard.page.keyboard.press('ArrowRight');
      await until(name === 'Joins' ? /join 0\.1\/s\./ : /stall 0\.05\/s for 500 ms/);
    }
    for (const each of [panel, other.panel]) {
      await each
        .getByText('Faults happen by chance: 0.05 stalls and 0.1 joins per second.')
        .waitFor();
      await each.getByText('0.05 per second, 0.5 s each').waitFor();
      const slider = each.getByRole('slider', { name: 'Joins' });
      expect(await slider.inputValue()).toBe('2');
      expect(await slider.getAttribute('aria-valuetext')).toBe('0.1 per second');
    }
    await other.button('Calm').click();
    await other.until('Ended the chaos.');
    await panel.getByText(/^\d+ workers? can be disturbed\.$/).waitFor();
    expect(await panel.getByRole('slider', { name: 'Joins' }).inputValue()).toBe('0');
    expect(await button('Calm').count()).toBe(1);
    expectNoProblems(dashboard);
    expectNoProblems(other.dashboard);
  });

  test('see that a button waits, and what the coordinator refuses', async () => {
    const { url } = await startTraining(1, [], ENDLESS);
    const { dashboard, panel, button, until, untilFocused } = await openPanel(url, /409/);
    const { page } = dashboard;
    const asked = Promise.withResolvers<void>();
    const answered = Promise.withResolvers<void>();
    onTestFinished(() => answered.resolve());
    await page.route('**/api/control', async (route) => {
      if (route.request().method() === 'GET') return route.continue();
      asked.resolve();
      await answered.promise;
      await route.fulfill({ status: 409, json: { error: 'no worker was started yet' } });
    });
    const kill = button(/^Kill: rank 0/);
    await kill.focus();
    await page.keyboard.press('Enter');
    await asked.promise;
    await panel.locator('[data-order="kill"][aria-busy="true"]').waitFor();
    await untilFocused(kill);
    answered.resolve();
    await until('No worker was started yet.');
    expect(await kill.getAttribute('aria-busy')).toBe('false');
    expect(await panel.locator('.said').getAttribute('class')).toContain('warning');
    expectNoProblems(dashboard);
  });

  test('find both panels free of findings of axe, in all looks, with a question open', async () => {
    const flags = ['--host', '0.0.0.0', '--allow-host', 'trainer.example'];
    const { url } = await startTraining(3, flags, ENDLESS);
    const { dashboard, button } = await openPanel(url);
    const { page } = dashboard;
    // One leads to this page, and one makes a worker of a tab.
    const codes = page.getByRole('button', { name: 'Show the code' });
    await expect.poll(() => codes.count()).toBe(2);
    await codes.first().click();
    await expect.poll(() => codes.count()).toBe(1);
    await codes.click();
    await button('Stop the run').click();
    await button('Stop and save').waitFor();
    await expect.poll(() => page.getByRole('img', { name: /^QR code/ }).count()).toBe(2);
    for (const { colorScheme, width } of LOOKS) {
      await page.emulateMedia({ colorScheme });
      await page.setViewportSize({ width, height: 5000 });
      await dashboard.untilNarrow();
      expect(await findingsOn(page), `${colorScheme} ${width}`).toEqual([]);
    }
    expectNoProblems(dashboard);
  });
});
