import { availableParallelism, networkInterfaces } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { chromium } from '../support/browser/chromium.ts';
import { expectNoProblems, GONE, startRun, useDashboards } from '../support/browser/dashboard.ts';
import { firefox, startFirefox } from '../support/browser/firefox.ts';
import { startTab, statusOf, untilTab } from '../support/browser/tab.ts';
import { runCli, runToDone, startCli } from '../support/processes/cli.ts';
import { toyRun, undisturbedHash } from '../support/processes/toy-cli-run.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const RUN = { epochs: 4 };
const inFolder = () => ['--out', `${temporaryFolder()}/run`];
const startCoordinator = (...flags: readonly string[]) =>
  startRun(['coordinator', ...toyRun(RUN), '--port', '0', ...flags, ...inFolder()]);

const strictHash = async () => {
  const alone = ['train', ...toyRun(RUN), '--workers', '0', '--numerics', 'strict'];
  return (await runToDone(alone)).parametersSha256;
};

/** An address of this machine that is not loopback: a page from there is not secure. */
const address = Object.values(networkInterfaces())
  .flatMap((each) => each ?? [])
  .find(({ family, internal }) => family === 'IPv4' && !internal)?.address;

describe.skipIf(!chromium)('in Chromium (skipped if it is not installed) a tab', () => {
  const open = useDashboards();

  test('joins over TLS with two threads, beside a worker in Node', async () => {
    const tls = join(temporaryFolder(), 'tls');
    await runCli(['certificate', '--host', '127.0.0.1', '--out', tls]);
    const files = ['--tls-cert', join(tls, 'cert.pem'), '--tls-key', join(tls, 'key.pem')];
    const { cli, url } = await startCoordinator(...files, '--min-workers', '2');
    const page = `${url.replace(/#.*/, '')}/join`;
    expect(page).toMatch(/^https:/);
    const socket = page.replace(/^http(.*)\/join$/, 'ws$1');
    const trust = ['--tls-ca', join(tls, 'cert.pem'), '--threads', '2'];
    const node = startCli(['worker', socket, ...trust, '--json']);
    const before = "Object.defineProperty(navigator, 'hardwareConcurrency', { value: 3 })";
    const tab = await open(page, { ignoreHTTPSErrors: true, expected: GONE, before });
    await startTab(tab);
    const done = await cli.next('done');
    expect(done.parametersSha256).toBe(await undisturbedHash(RUN));
    expect(done.worldSize).toBe(2);
    expect(await node.ended).toMatchObject({ code: 0 });
    await untilTab(tab, 'finished');
    expect(await tab.page.getByText('fast kernels, 2 threads').count()).toBe(1);
    expectNoProblems(tab);
  });

  test.skipIf(!address)('joins over plain http, where a page is not secure', async () => {
    const secrets = ['--token', 'lever', '--work-token', 'help'];
    const { cli, url } = await startCoordinator('--host', address ?? '', ...secrets);
    expect(new URL(url).hostname).toBe(address);
    const expected = /ERR_|Cross-Origin-Opener-Policy header has been ignored/;
    const tab = await open(`${url}/join#token=help`, { expected });
    expect(await tab.page.evaluate('[isSecureContext, "caches" in globalThis].join()')).toBe(
      'false,false',
    );
    expect(await tab.page.getByText('one thread, because the address').count()).toBe(1);
    await startTab(tab);
    const done = await cli.next('done');
    expect(done.parametersSha256).toBe(await undisturbedHash(RUN));
    const kept = 'indexedDB.databases().then((all) => all.map(({ name }) => name).join())';
    expect(await tab.page.evaluate(kept)).toBe('lockstep-data');
    expectNoProblems(tab);
  });

  test('without relaxed SIMD is told how it could take part in a fused run', async () => {
    const { url } = await startRun([
      ...['coordinator', ...toyRun({ epochs: 100_000 }), '--port', '0', '--numerics', 'fused'],
      ...inFolder(),
    ]);
    const tab = await open(`${url}/join`);
    // A browser that does not know the instructions cannot compile the module.
    await tab.page.context().route('**/fused-*.wasm', (route) => route.fulfill({ body: 'none' }));
    await startTab(tab);
    await untilTab(tab, 'failed');
    expect(await statusOf(tab).innerText()).toMatch(
      /cannot take part: .*computes strict.*needs fused.*--numerics strict/,
    );
    expectNoProblems(tab);
  });

  test('tries again when its program did not come over the network', async () => {
    const { url } = await startRun([
      ...['coordinator', ...toyRun({ epochs: 100_000 }), '--port', '0'],
      ...inFolder(),
    ]);
    const tab = await open(`${url}/join`, { expected: /ERR_FAILED/ });
    await tab.page.route('**/tab-worker-*.js', (route) => route.abort(), { times: 1 });
    await startTab(tab);
    await untilTab(tab, 'failed');
    expect(await statusOf(tab).innerText()).toMatch(/did not come over the network/);
    await tab.page.getByRole('button', { name: 'Try again' }).click();
    await untilTab(tab, 'computing');
    expectNoProblems(tab);
  });

  test('fetches the dataset once, also if it is opened again', async () => {
    const { url } = await startRun([
      ...['coordinator', ...toyRun({ epochs: 100_000 }), '--port', '0'],
      ...inFolder(),
    ]);
    const tab = await open(`${url}/join`);
    const fetched: string[] = [];
    tab.page.context().on('request', (request) => {
      if (request.url().includes('/data/')) fetched.push(request.url());
    });
    await startTab(tab);
    await untilTab(tab, 'computing');
    expect(fetched).toHaveLength(4);
    await tab.page.reload();
    await untilTab(tab, 'computing');
    expect(fetched).toHaveLength(4);
    expectNoProblems(tab);
  });
});

/** Chooses two threads before the start. The value is what the page says of them. */
const CHOOSE_TWO_THREADS = `{
  const labels = [...document.querySelectorAll('label')];
  const range = labels.find((each) => each.innerText.startsWith('Threads')).querySelector('input');
  range.value = '2';
  range.dispatchEvent(new Event('input', { bubbles: true }));
  range.closest('label').innerText;
}`;

describe.skipIf(!firefox)('in Firefox (skipped if it is not installed) a tab', () => {
  test.skipIf(availableParallelism() < 2)('trains with two threads to the same bits', async () => {
    const { cli, url } = await startCoordinator('--numerics', 'strict');
    const page = await startFirefox();
    await page.open(`${url}/join`);
    expect(await page.evaluate(CHOOSE_TWO_THREADS)).toMatch(/^Threads: 2 of \d+/);
    await page.evaluate('document.querySelector("button.main").click() ?? ""');
    expect((await cli.next('done')).parametersSha256).toBe(await strictHash());
    expect(await page.evaluate('document.body.innerText')).toMatch(/fast kernels, 2 threads/);
    expect(page.problems).toEqual([]);
  });

  test('trains a strict run to the bits of one process', async () => {
    const { cli, url } = await startCoordinator('--numerics', 'strict');
    const page = await startFirefox();
    await page.open(`${url}/join`);
    await page.evaluate('document.querySelector("button.main").click() ?? ""');
    expect(await cli.next('worker')).toMatchObject({
      runtime: expect.stringMatching(/^browser Firefox \d+$/),
    });
    expect((await cli.next('done')).parametersSha256).toBe(await strictHash());
    expect(page.problems).toEqual([]);
  });
});
