import { describe, expect, test } from 'vitest';
import { findingsOn, LOOKS } from '../support/browser/axe.ts';
import { chromium } from '../support/browser/chromium.ts';
import { expectNoProblems, GONE, startRun, useDashboards } from '../support/browser/dashboard.ts';
import {
  setFrozen,
  startTab,
  statusOf,
  untilStatus,
  untilStep,
  untilTab,
} from '../support/browser/tab.ts';
import { startCli } from '../support/processes/cli.ts';
import { toyRun, undisturbedHash } from '../support/processes/toy-cli-run.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const RUN = { epochs: 20 };
const SHORT = { epochs: 4 };
const ENDLESS = { epochs: 100_000 };
const inFolder = () => ['--out', `${temporaryFolder()}/run`];
const startCoordinator = (flags: readonly string[] = [], run: typeof RUN = RUN) =>
  startRun(['coordinator', ...toyRun(run), '--port', '0', ...flags, ...inFolder()]);

describe.skipIf(!chromium)('in Chromium (skipped if it is not installed) a tab', () => {
  const open = useDashboards();
  const openTab = (url: string, fragment = '') =>
    open(`${url}/join${fragment}`, { expected: GONE });

  test('trains a run alone, to the bits of one process, and says so', async () => {
    const { cli, url } = await startCoordinator();
    const tab = await openTab(url);
    expect(await statusOf(tab).innerText()).toMatch(/before you press Start/);
    await startTab(tab);
    const ready = await cli.next('worker');
    expect(ready).toMatchObject({ runtime: expect.stringMatching(/^browser Chrome \d+$/) });
    const done = await cli.next('done');
    expect(done.parametersSha256).toBe(await undisturbedHash(RUN));
    await untilTab(tab, 'finished');
    expect(await statusOf(tab).innerText()).toMatch(/^The run is finished. Thank you: .* examples/);
    expect(await tab.page.title()).toBe('Finished · Lockstep');
    expectNoProblems(tab);
  });

  test('beside others, with a kill, a freeze, a reload and a close, costs no bit', async () => {
    const { cli, url } = await startCoordinator(['--min-workers', '3']);
    const worker = () => startCli(['worker', url.replace('http', 'ws'), '--threads', '1']);
    const first = worker();
    const [slept, closed] = [await openTab(url), await openTab(url)];
    await startTab(slept);
    await startTab(closed);
    await untilStep(url, 100);
    await setFrozen(slept, true);
    await untilStep(url, 250);
    await setFrozen(slept, false);
    first.child.kill('SIGKILL');
    await untilStep(url, 300);
    worker();
    await slept.page.reload();
    await untilTab(slept, 'computing');
    await untilStep(url, 450);
    await closed.page.close();
    const done = await cli.next('done');
    expect(done.parametersSha256).toBe(await undisturbedHash(RUN));
    await untilTab(slept, 'finished');
    expectNoProblems(slept);
  });

  test('that flips bits is found, and cannot join again', async () => {
    const { cli, url } = await startCoordinator();
    startCli(['worker', url.replace('http', 'ws'), '--threads', '1']);
    await cli.next('worker');
    const tab = await openTab(url, '#corrupt=1');
    await startTab(tab);
    await untilTab(tab, 'failed');
    expect(await statusOf(tab).innerText()).toMatch(/refused this worker: .*wrong sum/);
    expect(await tab.page.getByRole('button').count()).toBe(0);
    const done = await cli.next('done');
    expect(done.parametersSha256).toBe(await undisturbedHash(RUN));
  });

  test('comes back when the coordinator does, without a reload', async () => {
    const folder = `${temporaryFolder()}/run`;
    const { cli, url } = await startRun([
      ...['coordinator', ...toyRun(RUN), '--port', '0', '--out', folder],
    ]);
    const tab = await openTab(url);
    await startTab(tab);
    await untilStep(url, 60);
    cli.child.kill('SIGKILL');
    await untilTab(tab, 'lost');
    expect(await statusOf(tab).innerText()).toMatch(/no connection .* tries again by itself/);
    const port = new URL(url).port;
    const again = startCli(['coordinator', '--resume', folder, '--port', port, '--json']);
    await again.next('worker');
    const done = await again.next('done');
    expect(done.parametersSha256).toBe(await undisturbedHash(RUN));
    await untilTab(tab, 'finished');
  });

  test('pauses and continues, and takes the part of a core that it is told', async () => {
    const { cli, url } = await startCoordinator([], ENDLESS);
    const tab = await openTab(url);
    const { page } = tab;
    await page.getByLabel('Name, for the others').fill('kitchen');
    const effort = page.getByRole('slider', { name: 'core' });
    await effort.fill('50');
    await effort.press('Tab');
    await page.keyboard.press('Enter');
    expect(await cli.next('worker')).toMatchObject({ name: 'kitchen', state: 'ready' });
    await untilTab(tab, 'computing');
    expect(await page.getByText(/Part of (a|each) core: 50 %/).count()).toBe(1);
    await untilStep(url, 20);
    await page.getByRole('button', { name: 'Pause' }).click();
    await untilTab(tab, 'paused');
    await cli.next('worker', ({ state }) => state === 'left');
    await page.reload();
    await untilTab(tab, 'invited');
    await page.getByRole('button', { name: 'Start' }).click();
    expect(await cli.next('worker')).toMatchObject({ name: 'kitchen', state: 'ready' });
    expectNoProblems(tab);
  });

  test('computes with threads where the page is isolated, to the same bits', async () => {
    const { cli, url } = await startCoordinator([], SHORT);
    const before = "Object.defineProperty(navigator, 'hardwareConcurrency', { value: 3 })";
    const tab = await open(`${url}/join`, { expected: GONE, before });
    expect(await tab.page.getByText('Threads: 2 of 3').count()).toBe(1);
    await startTab(tab);
    await tab.page.getByText('fast kernels, 2 threads').waitFor();
    await untilStatus(url, ({ workers }) => workers.some(({ threads }) => threads === 2));
    const done = await cli.next('done');
    expect(done.parametersSha256).toBe(await undisturbedHash(SHORT));
    await untilTab(tab, 'finished');
    expectNoProblems(tab);
  });

  test('says whether it is hidden, and people see it', async () => {
    const { url } = await startCoordinator([], ENDLESS);
    const tab = await openTab(url);
    await startTab(tab);
    const until = (isHidden: boolean) =>
      untilStatus(url, ({ workers }) => workers.some((each) => each.isHidden === isHidden));
    await until(false);
    await tab.page.evaluate(`
      Object.defineProperty(document, 'hidden', { value: true });
      document.dispatchEvent(new Event('visibilitychange'));
    `);
    await until(true);
    const board = await open(url);
    await board.page
      .getByText(/browser Chrome \d+, \d+ threads?, hidden/)
      .first()
      .waitFor();
    expectNoProblems(tab);
  });

  test('with the link for guests takes part, and may do nothing else', async () => {
    const secrets = ['--token', 'lever', '--work-token', 'help'];
    const { cli, url } = await startCoordinator(secrets, ENDLESS);
    const tab = await openTab(url, '#token=help');
    expect(tab.page.url()).toBe(`${url}/join`);
    await startTab(tab);
    await cli.next('worker');
    await untilTab(tab, 'computing');
    const asks = ['/api/control', '/api/join', '/api/status'].map(async (path) => {
      const headers = { authorization: 'Bearer help' };
      return (await fetch(`${url}${path}`, { headers })).status;
    });
    expect(await Promise.all(asks)).toEqual([401, 401, 401]);
    const wrong = await openTab(url, '#token=wrong');
    await startTab(wrong);
    await untilTab(wrong, 'failed');
    expect(await statusOf(wrong).innerText()).toMatch(/a wrong token/);
    expect(await wrong.page.content()).not.toContain('help');
  });

  test.for(LOOKS)('has nothing that keeps people out: %o', async ({ colorScheme, width }) => {
    const { url } = await startCoordinator([], ENDLESS);
    const viewport = { width, height: 800 };
    const tab = await open(`${url}/join`, { colorScheme, viewport });
    expect(await findingsOn(tab.page)).toEqual([]);
    await tab.untilNarrow();
    await startTab(tab);
    await untilTab(tab, 'computing');
    await tab.page.getByText('fused numerics').waitFor();
    expect(await findingsOn(tab.page)).toEqual([]);
    await tab.untilNarrow();
    expectNoProblems(tab);
  });
});
