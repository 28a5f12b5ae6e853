import type { Page, Request } from 'playwright-core';
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

/** Gives a page `show(false)` and `show(true)`, as if tabs were changed. */
const VISIBILITY = `
  let isShown = true;
  Object.defineProperty(document, 'hidden', { get: () => !isShown });
  Object.defineProperty(document, 'visibilityState', { get: () => isShown ? 'visible' : 'hidden' });
  globalThis.show = (shown) => {
    isShown = shown;
    document.dispatchEvent(new Event('visibilitychange'));
  };
`;
const UNAUTHORIZED = /status of 401/;
const GONE_OR_401 = new RegExp(`${GONE.source}|${UNAUTHORIZED.source}`);

const markPage = (page: Page) => page.evaluate('globalThis.isTheSamePage = true');
const isSamePage = (page: Page) => page.evaluate('globalThis.isTheSamePage === true');
const isStream = (request: Request): boolean => request.url().endsWith('/api/events');
const long = () => ['train', ...toyRun({ epochs: 100_000 }), '--workers', '2'];

/** The step that the strip shows. */
async function shownStep(dashboard: OpenDashboard): Promise<number> {
  const [, step = ''] = /step ([\d,]+)\//.exec(await dashboard.strip()) ?? [];
  return Number(step.replaceAll(',', ''));
}

describe.skipIf(!chromium)('in Chromium (skipped if it is not installed) a dashboard', () => {
  const open = useDashboards();

  test('outlives a coordinator that is killed and resumed, and says so meanwhile', async () => {
    const folder = `${temporaryFolder()}/run`;
    const { cli, url } = await startRun([
      ...['train', ...toyRun({ epochs: 30 }), '--workers', '2', '--checkpoint-every', '20'],
      ...['--port', '0', '--out', folder],
    ]);
    const dashboard = await open(url, { expected: GONE });
    await dashboard.untilStrip(/training/);
    await markPage(dashboard.page);
    await cli.next('checkpoint');
    cli.child.kill('SIGKILL');
    await dashboard.untilStrip(/not answering.*The coordinator does not answer.*Last heard/);
    await dashboard.untilStrip(/Last heard [1-9]\d* s ago/);
    expect(await dashboard.page.title()).toMatch(/^not answering · \d+ % · Lockstep$/);
    const before = await shownStep(dashboard);
    expect(before).toBeGreaterThan(0);
    await cli.ended;
    const resumed = await startRun(['train', '--resume', folder, '--port', new URL(url).port]);
    const { step } = await resumed.cli.next('progress');
    await dashboard.untilStrip(/training/);
    expect(await dashboard.strip()).not.toContain('does not answer');
    await expect.poll(() => shownStep(dashboard)).toBeGreaterThanOrEqual(step);
    const done = await resumed.cli.next('done');
    await dashboard.untilStrip(new RegExp(`step 5,400/5,400.*${done.parametersSha256}`));
    expect(await isSamePage(dashboard.page)).toBe(true);
    expectNoProblems(dashboard);
  });

  test('notices a coordinator that stands still, and goes on with it', async () => {
    const { cli, url } = await startRun(long());
    const dashboard = await open(url, { expected: GONE });
    await dashboard.untilStrip(/training/);
    await dashboard.page.clock.install();
    await dashboard.page.reload();
    await dashboard.untilStrip(/training/);
    await markPage(dashboard.page);
    process.kill(cli.pid, 'SIGSTOP');
    // What was on the way has arrived by then.
    await dashboard.page.clock.runFor(5_000);
    await dashboard.page.clock.runFor(20_000);
    await dashboard.untilStrip(
      /not answering.*Last heard \d+ s ago \(nothing was heard for 15 s\)/,
    );
    process.kill(cli.pid, 'SIGCONT');
    await dashboard.page.clock.runFor(10_000);
    await dashboard.untilStrip(/training/);
    expect(await isSamePage(dashboard.page)).toBe(true);
    expectNoProblems(dashboard);
  });

  test('asks for a token, says when it is wrong, and takes it out of the address', async () => {
    const tokens = ['--token', 'secret', '--watch-token', 'look'];
    const { url } = await startRun([...long(), ...tokens]);
    const dashboard = await open(url, { expected: UNAUTHORIZED });
    const { page } = dashboard;
    await dashboard.untilStrip(/locked/);
    const field = page.getByLabel(/asks for its token/);
    expect(await page.getByRole('alert').count()).toBe(0);
    await field.fill('wrong');
    await page.keyboard.press('Enter');
    await page.getByRole('alert').filter({ hasText: 'not the token' }).waitFor();
    expect(await page.locator('section.panel').count()).toBe(0);
    await field.fill('look');
    await page.keyboard.press('Enter');
    await dashboard.untilStrip(/training/);
    await page.reload();
    await dashboard.untilStrip(/training/);
    expectNoProblems(dashboard);
  });

  test.for(['secret', 'look'])('takes the token %s of an address', async (token) => {
    const tokens = ['--token', 'secret', '--watch-token', 'look'];
    const { url } = await startRun([...long(), ...tokens]);
    const dashboard = await open(`${url}/#token=${token}`);
    await dashboard.untilStrip(/training/);
    expect(dashboard.page.url()).toBe(`${url}/`);
    expect(await dashboard.page.evaluate('history.length')).toBeLessThanOrEqual(2);
    expectNoProblems(dashboard);
  });

  test('takes a token that is put into the address of the open page', async () => {
    const { url } = await startRun([...long(), '--token', 'secret']);
    const dashboard = await open(`${url}/#token=old`, { expected: UNAUTHORIZED });
    await dashboard.page.getByRole('alert').filter({ hasText: 'not the token' }).waitFor();
    await dashboard.page.evaluate('location.hash = "token=secret"');
    await dashboard.untilStrip(/training/);
    expect(dashboard.page.url()).toBe(`${url}/`);
    expectNoProblems(dashboard);
  });

  test('has no stream while it is hidden, and catches up when it is shown', async () => {
    const { cli, url } = await startRun(long());
    const dashboard = await open(url, { before: VISIBILITY });
    const { page } = dashboard;
    await dashboard.untilStrip(/training.*left/);
    const closed = page.waitForEvent('requestfailed', isStream);
    await page.evaluate('show(false)');
    await closed;
    // The page may have read more than it has drawn, but no more than there is.
    const { step: newest } = await statusAt(url);
    const { step } = await cli.next('progress', ({ step }) => step > newest);
    const opened = page.waitForRequest(isStream);
    await page.evaluate('show(true)');
    // It asks for what it has missed, and for nothing else.
    const cursor = Number((await opened).headers()['last-event-id']?.split('.')[1]);
    expect(cursor).toBeGreaterThan(0);
    expect(cursor).toBeLessThanOrEqual(newest);
    await expect.poll(() => shownStep(dashboard)).toBeGreaterThanOrEqual(step);
    expectNoProblems(dashboard);
  });

  test('that is hidden hears of the end of the run, and shows it in the title', async () => {
    const { cli, url } = await startRun([
      ...['coordinator', ...toyRun({ epochs: 30 }), '--port', '0'],
      ...['--out', `${temporaryFolder()}/run`],
    ]);
    const dashboard = await open(url, { before: VISIBILITY, expected: GONE });
    await dashboard.untilStrip(/Waiting for 1 worker/);
    startCli(['worker', url.replace('http', 'ws')]);
    await dashboard.untilStrip(/· [1-5]?\d s left/);
    await dashboard.page.evaluate('show(false)');
    const done = await cli.next('done');
    await dashboard.untilTitle('done · Lockstep');
    await dashboard.page.evaluate('show(true)');
    await dashboard.untilStrip(new RegExp(done.parametersSha256));
    expectNoProblems(dashboard);
  });

  test('of a run that is over shows the next one at its address, or says so', async () => {
    const short = (seed: string) => [
      ...['train', ...toyRun({ epochs: 12 }), '--workers', '1', '--seed', seed],
      ...['--out', `${temporaryFolder()}/run`],
    ];
    const first = await startRun(short('1'));
    const dashboard = await open(first.url, { expected: GONE_OR_401 });
    const done = await first.cli.next('done');
    await first.cli.ended;
    await dashboard.untilStrip(new RegExp(`coordinator is gone.*${done.parametersSha256}`));
    const port = ['--port', new URL(first.url).port];
    const second = await startRun([...short('2'), ...port]);
    const next = await second.cli.next('done');
    await second.cli.ended;
    await dashboard.untilStrip(new RegExp(`coordinator is gone.*${next.parametersSha256}`));
    const third = await startRun([...long(), ...port, '--token', 'secret']);
    await dashboard.untilStrip(/Another run is at this address now/);
    // What the page has of its run stays.
    expect(await dashboard.strip()).toContain(next.parametersSha256);
    third.cli.child.kill();
    expectNoProblems(dashboard);
  });
});
