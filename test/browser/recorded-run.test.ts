import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type Browser, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { runCli, startCli } from '../support/processes/cli.ts';
import { recordsOf, toyRun } from '../support/processes/toy-cli-run.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const CHROMIUM = process.env.LOCKSTEP_CHROMIUM ?? '/usr/bin/chromium';
/** A name of a worker that would do something if a page took it for HTML. */
const EVIL_NAME = '</script><img src=x onerror=alert(1)>';

/** A run in which a worker with that name takes part. */
async function recordRun(): Promise<{ cwd: string; sha256: string }> {
  const cwd = temporaryFolder();
  const flags = ['--json', '--port', '0', '--min-workers', '2', '--out', 'run'];
  const run = startCli(['coordinator', ...toyRun({ epochs: 4 }), ...flags], { cwd });
  const { url } = await run.next('listening');
  for (const name of ['plain', EVIL_NAME]) startCli(['worker', url, '--name', name], { cwd });
  const { parametersSha256 } = await run.next('done');
  await run.ended;
  return { cwd, sha256: parametersSha256 };
}

describe.skipIf(!existsSync(CHROMIUM))('in Chromium (skipped if it is not installed)', () => {
  let browser: Browser | undefined;
  beforeAll(async () => {
    browser = await chromium.launch({ executablePath: CHROMIUM, args: ['--no-sandbox'] });
  });
  afterAll(() => browser?.close());

  /** Opens a page. `problems` are its errors, and requests to anywhere but its own address. */
  async function open(address: string, panel = '#proof') {
    const page = (await browser?.newPage()) as Page;
    onTestFinished(() => page.close());
    const problems: string[] = [];
    page.on('console', (message) => {
      if (message.type() !== 'log') problems.push(message.text());
    });
    page.on('pageerror', (error) => problems.push(error.message));
    page.on('dialog', (dialog) => problems.push(dialog.message()));
    const own = new URL(address);
    page.on('request', (request) => {
      const url = new URL(request.url());
      const isOwn = own.protocol === 'file:' ? url.href === own.href : url.origin === own.origin;
      if (!isOwn && url.protocol !== 'data:') problems.push(`request to ${url}`);
    });
    await page.goto(address);
    await page.waitForSelector(panel);
    const textOf = async (selector: string) => (await page.textContent(selector))?.trim() ?? '';
    return { page, problems, textOf };
  }

  test('a report shows the run’s numbers from disk, and asks nobody', async () => {
    const { cwd, sha256 } = await recordRun();
    const { code, stdout } = await runCli(['view', 'run', '--out', 'report.html'], { cwd });
    expect(code).toBe(0);
    const file = join(cwd, 'report.html');
    const { size } = statSync(file);
    expect(stdout).toContain(`Report     report.html, ${(size / 1e6).toFixed(1)} MB`);
    expect(size).toBeLessThan(3e6);

    const { page, problems, textOf } = await open(pathToFileURL(file).href);
    const records = recordsOf(join(cwd, 'run'));
    const last = records.at(-1);
    expect(await textOf('#proof .hashes')).toContain(sha256);
    expect(await textOf('#proof .hashes')).toContain(last?.chain);
    expect(await textOf('#proof .hashes')).toContain(last?.fingerprint);
    expect(await textOf('#workers')).toContain(EVIL_NAME);
    expect(await textOf('.rewind output')).toContain('step 720 of 720');
    expect(await page.locator('#disturb, #join').count()).toBe(0);

    await page.fill('.rewind input', '400');
    await expect.poll(() => textOf('.rewind output')).toContain('step 400 of 720');
    expect(await textOf('#curves h2')).toMatch(/epoch 2\b/);
    expect(await textOf('#workers h2')).toContain('2 workers');
    await page.getByRole('button', { name: 'End' }).click();
    await expect.poll(() => textOf('.rewind output')).toContain('step 720 of 720');

    // Nobody can be asked for other runs.
    expect(await page.locator('.compare, .runs').count()).toBe(0);
    expect(problems).toEqual([]);
  });

  test('a report shows its net from disk, with the numbers of look', async () => {
    const { cwd } = await recordRun();
    await runCli(['view', 'run', '--out', 'report.html'], { cwd });
    const { stdout } = await runCli(['look', 'run', '--example', '0', '--json'], { cwd });
    const { outputs } = JSON.parse(stdout);
    const { href } = pathToFileURL(join(cwd, 'report.html'));
    const { page, problems, textOf } = await open(`${href}?learning`, '#output');
    await page.locator('#output').scrollIntoViewIfNeeded();
    const largest = Math.max(...outputs).toFixed(2);
    await expect.poll(() => textOf('#output')).toContain(largest);
    expect(problems).toEqual([]);
  });

  test('a viewed run goes back in time by keyboard, and plays to its end', async () => {
    const { cwd } = await recordRun();
    const view = startCli(['view', 'run'], { cwd });
    await expect.poll(() => view.lines.length).toBeGreaterThan(0);
    const { page, problems, textOf } = await open(view.lines[0].split(/ +/)[1]);
    await page.focus('.rewind input');
    await page.keyboard.press('Home');
    await expect.poll(() => textOf('.rewind output')).toContain('step 0 of 720');
    await page.keyboard.press('ArrowRight');
    await expect.poll(() => textOf('.rewind output')).toContain('step 1 of 720');
    await page.selectOption('.rewind select', '10');
    await page.getByRole('button', { name: 'Play' }).click();
    const stepNow = async () => Number(/step (\d+)/.exec(await textOf('.rewind output'))?.[1]);
    await expect.poll(stepNow).toBeGreaterThan(10);
    await page.fill('.rewind input', '719');
    await expect.poll(stepNow).toBe(719);
    await page.getByRole('button', { name: 'Play' }).click();
    await expect.poll(() => textOf('.rewind output')).toContain('step 720 of 720');
    await page.getByRole('button', { name: 'Play' }).waitFor();

    await page.getByText('Compare with another run').click();
    await page.getByRole('button', { name: 'Compare' }).click();
    await expect.poll(() => textOf('.compare [role=status]')).toBe('Choose a run, or give a hash.');
    await page.fill('.compare input', 'f'.repeat(64));
    await page.getByRole('button', { name: 'Compare' }).click();
    await expect.poll(() => textOf('.compare [role=status]')).toMatch(/^Different: /);
    expect(problems).toEqual([]);
  });
});
