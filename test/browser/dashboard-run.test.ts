import { readFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { chromium } from '../support/browser/chromium.ts';
import {
  expectNoProblems,
  GONE,
  type OpenDashboard,
  startRun,
  statusAt,
  useDashboards,
} from '../support/browser/dashboard.ts';
import { startCli } from '../support/processes/cli.ts';
import { toyRun } from '../support/processes/toy-cli-run.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const inFolder = () => ['--out', `${temporaryFolder()}/run`];
const count = (value: number) => value.toLocaleString('en-US');

/** Expects a sentence in each panel, and a name for each picture. Looks at one moment. */
async function expectPanels({ page }: OpenDashboard): Promise<void> {
  const { titles, nameless, text } = await page.evaluate<{
    titles: (string | undefined)[];
    nameless: string[];
    text: string;
  }>(`({
    titles: [...document.querySelectorAll('section.panel')].map(
      (panel) => panel.querySelector('h2')?.innerText),
    nameless: [...document.querySelectorAll('section.panel canvas')]
      .filter((each) => !each.closest('[role="img"][aria-label], [aria-hidden="true"]'))
      .map((each) => each.parentElement.outerHTML),
    text: document.querySelector('main').innerText,
  })`);
  expect(titles.length).toBeGreaterThan(1);
  for (const title of titles) expect(title).toMatch(/^[^a-z].*[.!?]$/s);
  expect(nameless).toEqual([]);
  // The message of a run that diverged has such a word itself.
  const own = text.replaceAll(/the loss of step \d+ is NaN/gi, '');
  expect(own).not.toMatch(/\b(undefined|NaN|Infinity)\b|\[object|\bnull\b/);
}

/** Opens the table of each panel by keyboard, and saves its CSV: they have the same rows. */
async function expectTables({ page }: OpenDashboard): Promise<void> {
  const toggles = page.locator('section.panel > footer button[aria-expanded]');
  expect(await toggles.count()).toBeGreaterThan(0);
  for (const toggle of await toggles.all()) {
    const panel = toggle.locator('xpath=ancestor::section');
    await toggle.focus();
    await page.keyboard.press('Enter');
    await panel.locator('footer button[aria-expanded="true"]').waitFor();
    const save = panel.getByRole('button', { name: /^Save .* as CSV$/ }).first();
    const downloading = page.waitForEvent('download');
    await save.focus();
    await page.keyboard.press('Space');
    const download = await downloading;
    expect(download.suggestedFilename()).toMatch(/^lockstep-[\w-]+\.csv$/);
    const [header, ...rows] = (await readFile(await download.path(), 'utf8'))
      .trimEnd()
      .split('\r\n');
    const table = panel.locator('footer + .scroll');
    const heads = await table.locator('th[scope="col"]').allInnerTexts();
    expect(header.split(',').length).toBeGreaterThanOrEqual(heads.length);
    const shown = await table.locator('tbody tr').count();
    const hidden = /^(\d+) earlier rows/m.exec(await table.innerText())?.[1] ?? '0';
    expect(rows).toHaveLength(shown + Number(hidden));
    await toggle.focus();
    await page.keyboard.press('Enter');
    await panel.locator('footer button[aria-expanded="false"]').waitFor();
  }
}

describe.skipIf(!chromium)('in Chromium (skipped if it is not installed) the dashboard', () => {
  const open = useDashboards();

  test('shows a run from its first step to its SHA-256, without a reload', async () => {
    const { cli, url } = await startRun([
      ...['coordinator', ...toyRun({ epochs: 20 }), '--port', '0', '--min-workers', '2'],
      ...inFolder(),
    ]);
    const dashboard = await open(url, { expected: GONE });
    for (let i = 0; i < 2; i++) startCli(['worker', url.replace('http', 'ws')]);
    await dashboard.untilStrip(/training.*epoch \d+\/20 · step [\d,]+\/3,600 · [\d,]+ examples\/s/);
    expect(await dashboard.strip()).toMatch(/2 workers/);
    expect(await dashboard.page.title()).toMatch(/^\d+ % · Lockstep$/);
    await dashboard.page.evaluate('globalThis.isTheSamePage = true');
    await expectPanels(dashboard);
    const done = await cli.next('done');
    await dashboard.untilStrip(/done.*epoch 20\/20 · step 3,600\/3,600/);
    const strip = await dashboard.strip();
    expect(strip).toContain(done.parametersSha256);
    expect(strip).toContain(
      `The test accuracy is ${(Number(done.testAccuracy) * 100).toFixed(2)} %.`,
    );
    expect(await dashboard.page.title()).toBe('done · Lockstep');
    await cli.ended;
    await dashboard.untilStrip(/The run is over. The coordinator is gone: this is the last state/);
    expect(await dashboard.page.evaluate('globalThis.isTheSamePage')).toBe(true);
    await expectPanels(dashboard);
    await expectTables(dashboard);
    expectNoProblems(dashboard);
  });

  test('says who is missing, with the command that helps, and equals the status', async () => {
    const { cli, url } = await startRun([
      ...['coordinator', ...toyRun({ epochs: 60 }), '--port', '0', '--min-workers', '2'],
      ...inFolder(),
    ]);
    const dashboard = await open(url, { expected: GONE });
    await dashboard.untilStrip(/waiting.*no workers.*Waiting for 2 workers. Start one:/);
    const command = await dashboard.page.locator('.strip code').innerText();
    expect(command).toMatch(/ worker ws:\/\/127\.0\.0\.1:\d+$/);
    await expectPanels(dashboard);
    const worker = () => startCli(['worker', command.split(' ').at(-1) ?? '']);
    const first = worker();
    await dashboard.untilStrip(/1 worker.*Waiting for 1 more worker/);
    const second = worker();
    await dashboard.untilStrip(/training/);
    // When both are gone, the run stands still, and both ways to ask must agree.
    first.child.kill('SIGTERM');
    second.child.kill('SIGTERM');
    await dashboard.untilStrip(/waiting.*Waiting for 1 worker. Start one:/);
    const status = await statusAt(url);
    const strip = await dashboard.strip();
    expect(strip).toContain(`step ${count(status.step)}/${count(status.stepCount)}`);
    expect(strip).toContain(`epoch ${status.epoch}/60`);
    const what = (await dashboard.page.locator('.what').innerText()).replaceAll('\u00a0', ' ');
    expect(what).toContain(status.model);
    if (status.trainLoss !== null) expect(what).toContain(status.trainLoss.toPrecision(4));
    worker();
    const done = await cli.next('done');
    await dashboard.untilStrip(new RegExp(done.parametersSha256));
    expectNoProblems(dashboard);
  });

  test('says how a run has failed', async () => {
    const { cli, url } = await startRun([
      ...['coordinator', ...toyRun(), '--port', '0', '--optimizer', 'sgd', '--lr', '1e30'],
      ...inFolder(),
    ]);
    const dashboard = await open(url, { expected: GONE });
    await dashboard.untilStrip(/Waiting for 1 worker/);
    startCli(['worker', url.replace('http', 'ws')]);
    await dashboard.untilStrip(/failed.*The run has failed\. .*diverge/);
    expect((await cli.ended).code).toBe(1);
    expect(await dashboard.page.title()).toBe('failed · Lockstep');
    await expectPanels(dashboard);
    expectNoProblems(dashboard);
  });

  test.for([
    ['64 workers', ['--workers', '64', '--threads', '1', '--micro-batches', '64']],
    ['4,096 micro-batches', ['--global-batch', '4096', '--micro-batches', '4096']],
    ['one worker and one micro-batch', ['--workers', '1', '--micro-batches', '1']],
  ] as const)('shows a run with %s', async ([, flags]) => {
    const { cli, url } = await startRun([
      ...['train', ...toyRun({ epochs: 400 }), ...flags],
      ...inFolder(),
    ]);
    const dashboard = await open(url, { expected: GONE });
    await dashboard.untilStrip(/training.*examples\/s/);
    await expectPanels(dashboard);
    for (const width of [1440, 390]) {
      await dashboard.page.setViewportSize({ width, height: 900 });
      await dashboard.untilNarrow();
    }
    cli.child.kill('SIGINT');
    await dashboard.untilStrip(/stopped.*The run is over: stopped after \d+ steps.*Go on with it:/);
    expect(await dashboard.page.locator('.strip code').innerText()).toMatch(/train .*--resume /);
    expectNoProblems(dashboard);
  });

  test('takes names of workers for nothing but text', async () => {
    const { url } = await startRun([
      ...['coordinator', ...toyRun({ epochs: 400 }), '--port', '0'],
      ...inFolder(),
    ]);
    const names = [
      '<img src=x onerror=alert(1)>',
      '"><script>alert(1)</script>',
      '\u202egnp.exe\u202c \u001b[31mred',
      '=HYPERLINK("http://evil.example")',
      'ä'.repeat(64),
    ];
    const dashboard = await open(url, { expected: GONE });
    dashboard.page.on('dialog', (dialog) => dashboard.problems.push(dialog.message()));
    for (const name of names) startCli(['worker', url.replace('http', 'ws'), '--name', name]);
    await dashboard.untilStrip(/5 workers/);
    const { page } = dashboard;
    await page.locator('main').getByText(names[0]).first().waitFor();
    await expectPanels(dashboard);
    expect(await page.locator('main img, main script').count()).toBe(0);
    expect(await page.locator('body').innerText()).not.toMatch(
      /\p{Bidi_Control}|[\p{Cc}--[\n\t]]/v,
    );
    await page.setViewportSize({ width: 390, height: 900 });
    await dashboard.untilNarrow();
    const plain = await (await fetch(`${url}/status`)).text();
    expect(plain).toContain('&lt;img src=x onerror=alert(1)&gt;');
    expect(plain).not.toMatch(/<(img|script)/);
    expectNoProblems(dashboard);
  });
});
