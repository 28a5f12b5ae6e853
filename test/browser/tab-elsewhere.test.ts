import { networkInterfaces } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { chromium } from '../support/browser/chromium.ts';
import { expectNoProblems, GONE, startRun, useDashboards } from '../support/browser/dashboard.ts';
import { firefox, startFirefox } from '../support/browser/firefox.ts';
import { startTab, statusOf, untilTab } from '../support/browser/tab.ts';
import { runCli, startCli } from '../support/processes/cli.ts';
import { toyRun, undisturbedHash } from '../support/processes/toy-cli-run.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const RUN = { epochs: 4 };
const inFolder = () => ['--out', `${temporaryFolder()}/run`];
const startCoordinator = (...flags: readonly string[]) =>
  startRun(['coordinator', ...toyRun(RUN), '--port', '0', ...flags, ...inFolder()]);

/** An address of this machine that is not loopback: a page from there is not secure. */
const address = Object.values(networkInterfaces())
  .flatMap((each) => each ?? [])
  .find(({ family, internal }) => family === 'IPv4' && !internal)?.address;

describe.skipIf(!chromium)('in Chromium (skipped if it is not installed) a tab', () => {
  const open = useDashboards();

  test('joins over TLS beside a worker in Node, by the coordinator’s own certificate', async () => {
    const tls = join(temporaryFolder(), 'tls');
    await runCli(['certificate', '--host', '127.0.0.1', '--out', tls]);
    const files = ['--tls-cert', join(tls, 'cert.pem'), '--tls-key', join(tls, 'key.pem')];
    const { cli, url } = await startCoordinator(...files, '--min-workers', '2');
    const page = `${url.replace(/#.*/, '')}/join`;
    expect(page).toMatch(/^https:/);
    const socket = page.replace(/^http(.*)\/join$/, 'ws$1');
    const trust = ['--tls-ca', join(tls, 'cert.pem'), '--threads', '2'];
    const node = startCli(['worker', socket, ...trust, '--json']);
    const tab = await open(page, { ignoreHTTPSErrors: true, expected: GONE });
    await startTab(tab);
    const done = await cli.next('done');
    expect(done.parametersSha256).toBe(await undisturbedHash(RUN));
    expect(done.worldSize).toBe(2);
    expect(await node.ended).toMatchObject({ code: 0 });
    await untilTab(tab, 'finished');
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

describe.skipIf(!firefox)('in Firefox (skipped if it is not installed) a tab', () => {
  test('trains a strict run to the bits of one process', async () => {
    const { cli, url } = await startCoordinator('--numerics', 'strict');
    const page = await startFirefox();
    await page.open(`${url}/join`);
    await page.evaluate('document.querySelector("button.main").click() ?? ""');
    expect(await cli.next('worker')).toMatchObject({
      runtime: expect.stringMatching(/^browser Firefox \d+$/),
    });
    const { parametersSha256 } = await cli.next('done');
    const alone = ['train', ...toyRun(RUN), '--workers', '0', '--numerics', 'strict', '--json'];
    const { stdout } = await runCli(alone);
    expect(JSON.parse(stdout.split('\n').at(-1) ?? '').parametersSha256).toBe(parametersSha256);
    expect(page.problems).toEqual([]);
  });
});
