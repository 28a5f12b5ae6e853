import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { formatLoss } from '../../coordinator/dashboard/page/format.ts';
import type { EpochRecord } from '../../coordinator/training/progress.ts';
import { chromium } from '../support/browser/chromium.ts';
import { expectNoProblems, GONE, startRun, useDashboards } from '../support/browser/dashboard.ts';
import { runToDone, startCli } from '../support/processes/cli.ts';
import { toyRun } from '../support/processes/toy-cli-run.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

describe.skipIf(!chromium)('in Chromium (skipped if it is not installed) the curves', () => {
  const open = useDashboards();

  test('tell of a killed worker, end with the recorded numbers, and show other runs', async () => {
    const parent = temporaryFolder();
    await runToDone(['train', ...toyRun({ epochs: 2 }), '--out', join(parent, 'earlier')]);
    const out = join(parent, 'own');
    const flags = ['--workers', '2', '--separate-processes', '--out', out];
    const { cli, url } = await startRun(['train', ...toyRun({ epochs: 8 }), ...flags]);
    const { pid = 0, rank, name } = await cli.next('worker');
    const dashboard = await open(url, { expected: GONE });
    const { page } = dashboard;
    await page.locator('#curves summary').click();
    await page.getByRole('checkbox', { name: 'earlier' }).check();
    await page.locator('#curves .readout', { hasText: 'earlier, validation' }).first().waitFor();
    await cli.next('epoch');
    process.kill(pid, 'SIGKILL');
    await page
      .locator('#incidents')
      .getByText(`rank ${rank} (${name}) is gone (connection lost)`)
      .waitFor();
    await page.locator('#incidents h2', { hasText: '1 worker dropped out' }).waitFor();
    await cli.next('done');
    await dashboard.untilStrip(/done/);

    const lines = readFileSync(join(out, 'epochs.jsonl'), 'utf8').trim().split('\n');
    const epochs = lines.map((line): EpochRecord => JSON.parse(line));
    const { validationLoss } = epochs[7];
    const readout = await page.locator('#curves .readout.loss').innerText();
    expect(readout).toContain(`validation ${formatLoss(validationLoss)}`);
    const downloading = page.waitForEvent('download');
    await page.getByRole('button', { name: 'Save epochs as CSV' }).click();
    const csv = readFileSync(await (await downloading).path(), 'utf8')
      .trim()
      .split('\r\n');
    expect(csv.slice(1).map((row) => Number(row.split(',')[3]))).toEqual(
      epochs.map((epoch) => epoch.validationLoss),
    );
    expectNoProblems(dashboard);
  });

  test('have one crosshair, led by pointer or arrow keys, with its values above', async () => {
    const { cli, url } = await startRun([
      ...['coordinator', ...toyRun({ epochs: 1 }), '--port', '0'],
      ...['--out', `${temporaryFolder()}/run`],
    ]);
    const dashboard = await open(url, { expected: GONE });
    await dashboard.untilStrip(/Waiting for 1 worker/);
    startCli(['worker', url.replace('http', 'ws')]);
    const { steps } = await cli.next('done');
    await dashboard.untilStrip(/The coordinator is gone/);
    const { page } = dashboard;
    const charts = page.locator('#curves canvas');
    const where = page.locator('#curves .where').first();
    const pictures = () =>
      page.evaluate<string[]>(
        "[...document.querySelectorAll('#curves canvas')].map((each) => each.toDataURL())",
      );
    const readout = page.locator('#curves .readout.accuracy');
    expect(await where.innerText()).toBe('newest');
    const [before, newest] = [await pictures(), await readout.innerText()];
    await charts.last().focus();
    for (const key of ['ArrowRight', 'ArrowLeft', 'ArrowLeft']) await page.keyboard.press(key);
    await page.getByText(`step ${steps - 2}`, { exact: true }).waitFor();
    const after = await pictures();
    expect(after.map((picture, i) => picture === before[i])).toEqual([false, false]);
    await page.keyboard.press('Escape');
    await page.getByText('newest', { exact: true }).waitFor();
    expect(await pictures()).toEqual(before);
    const width = (await charts.first().boundingBox())?.width ?? 0;
    await charts.first().hover({ position: { x: 60 + (width - 80) / 2, y: 99 } });
    await page.getByText(`step ${steps / 2}`, { exact: true }).waitFor();
    expect(await readout.innerText()).not.toBe(newest);
    await page.locator('h1').hover();
    await page.getByText('newest', { exact: true }).waitFor();
    expectNoProblems(dashboard);
  });
});
