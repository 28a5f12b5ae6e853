import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import type { Page } from 'playwright-core';
import { describe, expect, test } from 'vitest';
import { loadCheckpoint } from '../../coordinator/run-folder/find-checkpoint.ts';
import { openEngine } from '../../shared/host/load-engine.ts';
import { changedParameters } from '../../shared/study/changed-net.ts';
import { createNetLab } from '../../shared/study/net-lab.ts';
import { accuracyOf, examplesOfCell, hardestExamples } from '../../shared/study/set-study.ts';
import { findingsOn, LOOKS } from '../support/browser/axe.ts';
import { chromium } from '../support/browser/chromium.ts';
import { expectNoProblems, startRun, useDashboards } from '../support/browser/dashboard.ts';
import { runCli, startCli } from '../support/processes/cli.ts';
import { recordsOf } from '../support/processes/toy-cli-run.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { createToyDataset, writeToyDataset } from '../support/toy-dataset.ts';

/** More test examples than the page loads at first. */
const SHAPE = { trainCount: 3000, testCount: 2300, height: 9, width: 12, classCount: 4 };
const SETTINGS = ['--layers', '24', '--global-batch', '60', '--validation', '300'];
const STEPS_PER_EPOCH = 45;
const LAST_STEP = 4 * STEPS_PER_EPOCH;

function flagsIn(folder: string): string[] {
  writeToyDataset(folder, SHAPE);
  return ['--data-dir', folder, ...SETTINGS];
}

/** Trains a run of four epochs, of which the last ones have a checkpoint. Returns its folder. */
async function recordRun(): Promise<string> {
  const cwd = temporaryFolder();
  const flags = [...flagsIn(cwd), '--workers', '0', '--epochs', '4', '--out', 'run'];
  const { code, stderr } = await runCli(['train', ...flags], { cwd });
  expect(code, stderr).toBe(0);
  return join(cwd, 'run');
}

/** The address of a recorded run's page. */
async function viewRun(run: string): Promise<string> {
  const view = startCli(['view', run, '--port', '0', '--token', 'none']);
  await expect.poll(() => view.lines.length).toBeGreaterThan(0);
  return `${view.lines[0].split(/ +/)[1]}?learning`;
}

/** The net of a checkpoint, in this process. */
async function netOf(run: string, step: number) {
  const name = `step-${String(step).padStart(8, '0')}.safetensors`;
  const { config, model, parameters } = await loadCheckpoint(join(run, 'checkpoints', name));
  const lab = createNetLab(openEngine(config.numerics), model, config);
  lab.load(parameters);
  return { lab, parameters, set: createToyDataset(SHAPE).test };
}

/** The rows of a panel's CSV, in which numbers are whole. */
async function csvOf(page: Page, panel: string): Promise<string[][]> {
  const downloading = page.waitForEvent('download');
  await page.locator(`#${panel} > footer button`, { hasText: 'CSV' }).click();
  const text = readFileSync(await (await downloading).path(), 'utf8');
  return text
    .trim()
    .split('\r\n')
    .slice(1)
    .map((line) => line.split(','));
}

const titleOf = (page: Page, panel: string) => page.locator(`#${panel} h2`).innerText();

/** Scrolls to a panel, so that it is computed, and waits for its title. */
async function untilTitle(page: Page, panel: string, pattern: RegExp): Promise<void> {
  await page.locator(`#${panel}`).scrollIntoViewIfNeeded();
  await expect.poll(() => titleOf(page, panel)).toMatch(pattern);
}

/** Draws an L on the board by mouse. */
async function drawByMouse(page: Page): Promise<void> {
  const board = page.locator('#draw .board');
  await board.scrollIntoViewIfNeeded();
  const box = await board.boundingBox();
  if (!box) throw new Error('there is no board');
  const to = (x: number, y: number) =>
    page.mouse.move(box.x + x * box.width, box.y + y * box.height, { steps: 5 });
  await to(0.3, 0.2);
  await page.mouse.down();
  await to(0.3, 0.8);
  await to(0.7, 0.8);
  await page.mouse.up();
}

/** The pixels that the net gets. */
async function previewOf(page: Page): Promise<Uint8Array> {
  const values = await page.evaluate<number[]>(`(() => {
    const { width, height } = document.querySelector('#draw .preview');
    const context = document.querySelector('#draw .preview').getContext('2d');
    return [...context.getImageData(0, 0, width, height).data].filter((_, i) => i % 4 === 0);
  })()`);
  return Uint8Array.from(values);
}

describe.skipIf(!chromium)('in Chromium (skipped if it is not installed)', () => {
  const open = useDashboards();

  test('the confusion of a recorded run is that of `evaluate`, to the last picture', async () => {
    const run = await recordRun();
    const { stdout } = await runCli(['evaluate', run, '--json', '--data-dir', join(run, '..')]);
    const { confusion, testAccuracy } = JSON.parse(stdout.trim());
    const { lab, set } = await netOf(run, LAST_STEP);
    const study = lab.studySet(set);
    const dashboard = await open(await viewRun(run));
    const { page } = dashboard;
    await untilTitle(page, 'confusion', /of the first 2,000 of 2,300 test examples are right/);
    await page.locator('#confusion').getByRole('button', { name: 'All 2,300' }).click();
    await untilTitle(page, 'confusion', /of all 2,300 test examples are right/);
    const rows = await csvOf(page, 'confusion');
    expect(rows.map((row) => row.slice(3).map(Number))).toEqual(confusion);
    const right = rows.reduce((sum, [, count, part]) => sum + Number(count) * Number(part), 0);
    expect(right / SHAPE.testCount).toBeCloseTo(testAccuracy, 10);

    // By keyboard to the upper left cell, and its pictures.
    await page.locator('#confusion canvas').first().focus();
    for (let i = 0; i < 4; i++)
      for (const key of ['ArrowLeft', 'ArrowUp']) await page.keyboard.press(key);
    await page.keyboard.press('Enter');
    const first = examplesOfCell(study, 0, 0).slice(0, 16);
    const shown = () =>
      page
        .locator('#confusion .pictures button')
        .evaluateAll((all) => all.map((each) => Number(each.getAttribute('data-index'))));
    await expect.poll(shown).toEqual(first);

    // An example that was not loaded at first can be studied.
    const [hardest] = hardestExamples(study, 24).filter((index) => index >= 2000);
    await page.locator(`#hardest button[data-index="${hardest}"]`).click();
    await expect
      .poll(() => page.locator('#study').innerText())
      .toContain(`Test example ${hardest}`);
    await page.locator('#output').scrollIntoViewIfNeeded();
    const pixels = set.inputs.subarray(hardest * 108, (hardest + 1) * 108);
    const { outputs } = lab.studyExample(pixels, set.labels[hardest]);
    // The table begins with the output that is furthest from its target.
    const shownOutputs = async () =>
      (await csvOf(page, 'output')).map(([, output]) => Number(output)).sort();
    await expect.poll(shownOutputs).toEqual([...outputs].sort());
    expectNoProblems(dashboard);
  });

  test('the hardest examples have the losses of the engine', async () => {
    const run = await recordRun();
    const { lab, set } = await netOf(run, LAST_STEP);
    const study = lab.studySet(set);
    const dashboard = await open(await viewRun(run));
    const { page } = dashboard;
    await untilTitle(page, 'hardest', /is the highest\.$/);
    await page.locator('#hardest').getByRole('button', { name: 'All 2,300' }).click();
    await expect
      .poll(() => page.locator('#hardest').innerText())
      .toContain('The highest losses of all 2,300 test examples.');
    const rows = await csvOf(page, 'hardest');
    const hardest = hardestExamples(study, 24);
    expect(rows.map(([index]) => Number(index))).toEqual(hardest);
    expect(rows.map((row) => Number(row[4]))).toEqual(hardest.map((index) => study.losses[index]));
    await page.locator('#hardest select').selectOption('training');
    await expect
      .poll(() => page.locator('#hardest').innerText())
      .toContain('its label is often wrong');
    expectNoProblems(dashboard);
  });

  test('a drawing gets the outputs that the same pixels get in this process', async () => {
    const run = await recordRun();
    const { lab } = await netOf(run, LAST_STEP);
    // All panels are in sight. Those above the board grow before somebody draws.
    const viewport = { width: 1440, height: 6000 };
    const dashboard = await open(await viewRun(run), { before: 'localStorage.clear()', viewport });
    const { page } = dashboard;
    await untilTitle(page, 'hardest', / is taken for /);
    await page.locator('#draw .board').waitFor();
    const expectAnswer = async () => {
      await untilTitle(page, 'draw', /^The net takes it for class \d/);
      // The preview is newer than the answer while the last line is drawn.
      const isSame = async () => {
        const pixels = await previewOf(page);
        // As on the page, the prediction counts as the label. This matters for the last bit.
        const { prediction } = lab.studyExample(pixels, 0);
        const { outputs } = lab.studyExample(pixels, prediction);
        const shown = (await csvOf(page, 'draw')).map(([, output]) => Number(output));
        const title = await titleOf(page, 'draw');
        return isDeepStrictEqual(shown, [...outputs]) && title.includes(`class ${prediction},`);
      };
      await expect.poll(isSame).toBe(true);
    };
    await drawByMouse(page);
    await expectAnswer();
    expect((await previewOf(page)).filter((value) => value > 127).length).toBeGreaterThan(10);

    // The same by keyboard, on an empty board.
    await page.locator('#draw').getByRole('button', { name: 'Clear' }).click();
    await untilTitle(page, 'draw', /^What does the net see/);
    expect(await previewOf(page)).toEqual(new Uint8Array(108));
    await page.locator('#draw .board').focus();
    await page.keyboard.press(' ');
    for (let i = 0; i < 3; i++) await page.keyboard.press('ArrowDown');
    await expectAnswer();

    // A picture on a light background is inverted, and this is said.
    const png = Buffer.from(
      await page.evaluate<number[]>(`(async () => {
        const canvas = new OffscreenCanvas(60, 40);
        const context = canvas.getContext('2d');
        context.fillStyle = 'white';
        context.fillRect(0, 0, 60, 40);
        context.fillStyle = 'black';
        context.fillRect(20, 10, 10, 20);
        return [...new Uint8Array(await (await canvas.convertToBlob()).arrayBuffer())];
      })()`),
    );
    const file = { name: 'bar.png', mimeType: 'image/png', buffer: png };
    await page.locator('#draw input[type="file"]').setInputFiles(file);
    await expect
      .poll(() => page.locator('#draw').innerText())
      .toContain('It is inverted, because its background is light.');
    await expectAnswer();
    const text = { name: 'notes.txt', mimeType: 'text/plain', buffer: Buffer.from('no picture') };
    await page.locator('#draw input[type="file"]').setInputFiles(text);
    await expect
      .poll(() => page.locator('#draw .warning').allInnerTexts())
      .toEqual(['“notes.txt” is no picture that this browser can read: use a PNG or a JPEG.']);
    expectNoProblems(dashboard);
  });

  test('a net is broken, and its other future trained, as in this process', async () => {
    const run = await recordRun();
    const { lab, parameters, set } = await netOf(run, LAST_STEP);
    const dashboard = await open(await viewRun(run));
    const { page } = dashboard;
    await untilTitle(page, 'break', /^Without its biases, the net is right/);
    const probe = { ...set, count: 1000 };
    const accuracies = [accuracyOf(lab.studySet(probe))];
    lab.load(changedParameters(lab.plan, parameters, { kind: 'no-biases' }));
    accuracies.push(accuracyOf(lab.studySet(probe)));
    expect((await csvOf(page, 'break')).map((row) => Number(row[1]))).toEqual(accuracies);
    await page.locator('#break select').selectOption('no-layer');
    await page.locator('#break select').nth(1).selectOption('dense2');
    await untilTitle(page, 'break', /It says “class 0” for all of them\.$/);

    const start = 2 * STEPS_PER_EPOCH;
    await page.locator('#what-if select').first().selectOption(String(start));
    await page.getByRole('button', { name: 'Train in this tab' }).click();
    await untilTitle(page, 'what-if', /the last 10 of 50 steps/);
    const rows = await csvOf(page, 'what-if');
    const records = recordsOf(run).slice(start, start + 50);
    expect(rows.map(([step, loss]) => [Number(step), Number(loss)])).toEqual(
      records.map(({ step, loss }) => [step, loss]),
    );
    expect(Number(rows[0][2])).toBe(records[0].loss);
    expect(Number(rows[1][2])).not.toBe(records[1].loss);
    expectNoProblems(dashboard);
  });

  test('all of it works while the run goes on, in each look, for everybody', async () => {
    const cwd = temporaryFolder();
    const run = join(cwd, 'run');
    const { cli, url } = await startRun([
      ...['train', ...flagsIn(cwd), '--workers', '1', '--epochs', '100000'],
      ...['--schedule', 'constant', '--lr', '0.001', '--port', '0', '--token', 'none'],
      ...['--out', run],
    ]);
    const viewport = { width: 1440, height: 6000 };
    const dashboard = await open(`${url}/?learning`, { viewport });
    const { page } = dashboard;
    await untilTitle(page, 'confusion', /of the first 2,000 of 2,300 test examples are right/);
    await untilTitle(page, 'hardest', / is taken for /);
    const stepNow = async () => Number(/\d+/.exec(await titleOf(page, 'study'))?.[0]);
    const before = await stepNow();
    await expect.poll(stepNow).toBeGreaterThan(before);
    await page.locator('#draw').scrollIntoViewIfNeeded();
    await drawByMouse(page);
    await untilTitle(page, 'draw', /^The net takes it for class \d/);
    await page.getByRole('button', { name: 'Train in this tab' }).click();
    await untilTitle(page, 'what-if', /the last 10 of 50 steps/);
    const rows = await csvOf(page, 'what-if');
    const last = Number(rows[49][0]);
    await expect.poll(() => recordsOf(run).length).toBeGreaterThan(last);
    const records = recordsOf(run).slice(last - 49, last + 1);
    expect(rows.map(([, loss]) => Number(loss))).toEqual(records.map(({ loss }) => loss));

    await page.locator('#study').getByRole('button', { name: 'Hold this step' }).click();
    for (const { colorScheme, width } of LOOKS) {
      await page.emulateMedia({ colorScheme });
      await page.setViewportSize({ width, height: 900 });
      await dashboard.untilNarrow();
      expect(await findingsOn(page), `${colorScheme} ${width}`).toEqual([]);
    }
    expectNoProblems(dashboard);
    cli.child.kill('SIGKILL');
  });
});
