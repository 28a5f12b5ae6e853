import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { describe, expect, test } from 'vitest';
import { showFour } from '../../coordinator/dashboard/page/study/example/sums.ts';
import { showNumber } from '../../coordinator/dashboard/page/study/output/output-text.ts';
import { findModel } from '../../coordinator/run-folder/find-checkpoint.ts';
import { checkpointNames, stepOfName } from '../../coordinator/run-folder/run-files.ts';
import { createDataset, type ExampleSet } from '../../shared/data/dataset.ts';
import { planModel } from '../../shared/engine/model/model-plan.ts';
import { openEngine } from '../../shared/host/load-engine.ts';
import type { RunConfig } from '../../shared/round/run-config.ts';
import { createNetLab } from '../../shared/study/net-lab.ts';
import { nudge } from '../../shared/study/nudge.ts';
import { studyUnit } from '../../shared/study/unit-study.ts';
import { findingsOn, LOOKS } from '../support/browser/axe.ts';
import { chromium } from '../support/browser/chromium.ts';
import {
  expectNoProblems,
  type OpenDashboard,
  startRun,
  useDashboards,
} from '../support/browser/dashboard.ts';
import { runCli, startCli } from '../support/processes/cli.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { createToyFiles, writeToyDataset } from '../support/toy-dataset.ts';

const SHAPE = { trainCount: 3000, testCount: 300, height: 9, width: 8, classCount: 5 };
const { test: examples } = createDataset(
  ...(Object.values(createToyFiles(SHAPE)) as Parameters<typeof createDataset>),
);
const MODEL = {
  layers: [
    { type: 'conv2d', filters: 3, kernel: 3 },
    { type: 'batch-norm' },
    { type: 'activation', function: 'relu' },
    { type: 'max-pool', size: 2 },
    { type: 'dropout', rate: 0.2 },
    { type: 'dense', outputs: 5 },
  ],
};

function dataFlags(): string[] {
  const data = temporaryFolder();
  writeToyDataset(data, SHAPE);
  return ['--data-dir', data, '--global-batch', '64', '--validation', '100'];
}

/** The net of a run in this process. */
function openLab(config: RunConfig, parameters: Float32Array) {
  const lab = createNetLab(openEngine(config.numerics), planModel(config.model), config);
  lab.load(parameters);
  return lab;
}

function exampleAt({ inputs, labels }: ExampleSet, index: number): [ExampleSet['inputs'], number] {
  const size = SHAPE.height * SHAPE.width;
  return [inputs.subarray(index * size, (index + 1) * size), labels[index]];
}

/** Chooses a test example by its number, and waits until it is computed. */
async function chooseExample(page: Page, index: number): Promise<void> {
  await page.getByLabel('Number').fill(String(index));
  await page.getByLabel('Number').press('Enter');
  const name = page.locator('.example-name', { hasText: `example ${index}:` });
  await name.waitFor();
}

/** The rows of a panel's table in full. */
async function rowsOf(page: Page, panel: string): Promise<string[][]> {
  const button = page.locator(`#${panel} footer button`, { hasText: /^\s*Table\s*$/ });
  if ((await button.getAttribute('aria-expanded')) === 'false') await button.click();
  const rows = page.locator(`#${panel} .scroll`).first().locator('tbody tr');
  await rows.first().waitFor();
  return Promise.all((await rows.all()).map((row) => row.locator('td').allInnerTexts()));
}

const titleOf = ({ page }: OpenDashboard, panel: string) => page.locator(`#${panel} h2`);

describe.skipIf(!chromium)('in Chromium (skipped if it is not installed) an example', () => {
  const open = useDashboards();

  test('of a convolutional net in a folder has the numbers that Node computes', async () => {
    const cwd = temporaryFolder();
    writeFileSync(join(cwd, 'model.json'), JSON.stringify(MODEL));
    const flags = ['--model', 'model.json', '--epochs', '2', '--workers', '0', '--out', 'run'];
    const { code, stderr } = await runCli(['train', ...dataFlags(), ...flags], { cwd });
    expect(code, stderr).toBe(0);
    const { checkpoint } = await findModel(join(cwd, 'run'));
    const { config, parameters } = checkpoint;
    const lab = openLab(config, parameters);
    const study = lab.studyExample(...exampleAt(examples, 7));

    const view = startCli(['view', 'run'], { cwd });
    await expect.poll(() => view.lines.length).toBeGreaterThan(0);
    const dashboard = await open(`${view.lines[0].split(/ +/)[1]}?learning`);
    const { page } = dashboard;
    await chooseExample(page, 7);
    await expect.poll(() => titleOf(dashboard, 'study').innerText()).toContain(' step ');

    await page.getByRole('button', { name: 'Just tell me' }).click();
    const differences = [...study.outputs].map((output, i) => output - study.targets[i]);
    const most = differences.indexOf(Math.max(...differences));
    await expect
      .poll(() => titleOf(dashboard, 'output').innerText())
      .toContain(`“class ${most}” is to decrease most, by ${showNumber(differences[most])}`);
    const bySize = differences.map(Math.abs).toSorted((a, b) => b - a);
    for (const [i, [name, value, desired, delta]] of (await rowsOf(page, 'output')).entries()) {
      const label = Number(name.replace('class ', ''));
      expect(Number(value)).toBe(study.outputs[label]);
      expect(Number(desired)).toBe(study.targets[label]);
      expect(Math.abs(Number(delta))).toBe(bySize[i]);
    }

    // The panel begins with the output that is to decrease most. Its most active unit is first.
    const unit = studyUnit(study, lab.parameters, { column: 3, unit: most });
    const [first] = unit.forward.toSorted(
      (a, b) => Math.abs(b.gradient ?? 0) - Math.abs(a.gradient ?? 0),
    );
    await page.getByRole('button', { name: 'Changing most first' }).click();
    const row = page.locator('.unit .terms tbody tr').first();
    await expect.poll(() => row.locator('td').first().innerText()).toBe(showFour(first.value));
    await row.locator('td button').click();
    const told = page.locator('.unit .weight');
    await told.waitFor();
    const gradient = first.gradient ?? 0;
    expect(await told.innerText()).toContain(`The engine has ${showFour(gradient)}, too.`);
    // Central differences of the loss say the same.
    const losses = [1, -1].map((sign) => {
      const moved = parameters.slice();
      moved[first.parameter ?? -1] += sign * 2 ** -7;
      lab.load(moved);
      return lab.studyExample(...exampleAt(examples, 7)).loss;
    });
    expect((losses[0] - losses[1]) / 2 ** -6).toBeCloseTo(gradient, 2);

    // A checkpoint that was kept shows its own net.
    await page.getByLabel('Checkpoints').press('Home');
    const steps = (await checkpointNames(join(cwd, 'run'))).map(stepOfName);
    const earlier = await findModel(join(cwd, 'run'), Math.min(...steps));
    lab.load(earlier.checkpoint.parameters);
    const before = lab.studyExample(...exampleAt(examples, 7)).outputs;
    const readOutputs = async () => {
      const rows = await rowsOf(page, 'output');
      return rows.map(([name, value]) => [name, Number(value)]).toSorted();
    };
    await expect
      .poll(readOutputs)
      .toEqual([...before].map((value, label) => [`class ${label}`, value]));
    expectNoProblems(dashboard);
  });

  test('of that net is walked through by keyboard, stage by stage and unit by unit', async () => {
    const cwd = temporaryFolder();
    writeFileSync(join(cwd, 'model.json'), JSON.stringify(MODEL));
    const flags = ['--model', 'model.json', '--epochs', '1', '--workers', '0', '--out', 'run'];
    await runCli(['train', ...dataFlags(), ...flags], { cwd });
    const view = startCli(['view', 'run'], { cwd });
    await expect.poll(() => view.lines.length).toBeGreaterThan(0);
    const dashboard = await open(`${view.lines[0].split(/ +/)[1]}?learning`);
    const { page } = dashboard;
    const title = titleOf(dashboard, 'backward');
    await page.locator('#backward').scrollIntoViewIfNeeded();
    const stage = (pattern: RegExp) => expect.poll(() => title.innerText()).toMatch(pattern);
    await stage(/^Each unit has its δ/);
    const panel = page.locator('#backward');
    await panel.getByRole('button', { name: 'Reset' }).press('Enter');
    await stage(/^The input: 72 pixels/);
    await panel.getByText('The forward pass has not come here yet.').waitFor();
    const forward = panel.getByRole('button', { name: 'Step forward' });
    for (const pattern of [
      /^Forward through conv1, batch norm, relu: 216 units/,
      /^Forward through pool1, dropout: the largest pixels/,
      /^Forward through dense1: 5 outputs/,
      /^The error of each output/,
      /^Backward from dense1 to pool1, dropout/,
      /^Backward from pool1, dropout to conv1, batch norm, relu: .*locked/,
      /^Each unit has its δ/,
    ]) {
      await forward.press('Enter');
      await stage(pattern);
    }
    expect(await forward.isDisabled()).toBe(true);
    await panel.getByRole('button', { name: 'Play' }).press('Enter');
    await stage(/^Forward through conv1/);
    await panel.getByRole('button', { name: 'Pause' }).press('Enter');

    const canvas = panel.locator('.net canvas');
    const heading = panel.locator('.unit h3');
    await canvas.focus();
    await canvas.press('ArrowLeft');
    await canvas.press('Enter');
    await expect.poll(() => heading.innerText()).toMatch(/^pool1, dropout: channel/i);
    await canvas.press('ArrowLeft');
    for (let i = 0; i < 30; i++) await canvas.press('ArrowLeft');
    await expect.poll(() => panel.locator('.story').innerText()).toMatch(/^pixels: row/);
    await canvas.press('Enter');
    await expect.poll(() => heading.innerText()).toMatch(/^pixels: row/i);
    expectNoProblems(dashboard);
  });

  test('of a run that trains is held, and takes a step that Node takes, too', async () => {
    const { url } = await startRun([
      ...['train', ...dataFlags(), '--epochs', '100000', '--workers', '1'],
      ...['--layers', '12', '--activation', 'sigmoid', '--loss', 'squared-error'],
      ...[
        '--optimizer',
        'sgd',
        '--lr',
        '0.1',
        '--checkpoint-every',
        '2000',
        '--out',
        `${temporaryFolder()}/run`,
      ],
    ]);
    const dashboard = await open(`${url}/?learning`);
    const { page } = dashboard;
    const seen = watchParameters(page);
    await page.reload();
    const title = titleOf(dashboard, 'study');
    const stepNow = async () =>
      Number(/step ([\d,]+)/.exec(await title.innerText())?.[1].replaceAll(',', ''));
    await expect.poll(stepNow).toBeGreaterThan(0);
    const early = await stepNow();
    await expect.poll(stepNow).toBeGreaterThan(early);

    await page.getByRole('button', { name: 'Next wrong one' }).click();
    await page.getByText('That is wrong').waitFor();
    const hold = page.getByRole('button', { name: 'Hold this step' });
    await expect.poll(() => hold.getAttribute('aria-pressed')).toBe('true');
    const held = await stepNow();

    await titleOf(dashboard, 'output').getByText('Which output is to decrease most?').waitFor();
    await page.locator('.choices button').first().press('Enter');
    await page.getByRole('button', { name: 'Take one step on this example' }).press('Enter');
    await page.getByText('One step w ← w − η').waitFor();
    const rows = await rowsOf(page, 'output');
    expect(await stepNow()).toBe(held);
    for (const { colorScheme, width } of LOOKS) {
      await page.emulateMedia({ colorScheme });
      await page.setViewportSize({ width, height: 900 });
      await dashboard.untilNarrow();
      expect(await findingsOn(page), `${colorScheme} ${width}`).toEqual([]);
    }

    // Node takes the same step with the parameters that the page has got.
    const bytes = (await seen.get(held)) ?? Buffer.alloc(0);
    const parameters = new Float32Array(Uint8Array.from(bytes).buffer);
    const { config } = (await (await fetch(`${url}/api/study`)).json()) as { config: RunConfig };
    const name = await page.locator('.example-name').innerText();
    const index = Number(/example (\d+)/.exec(name)?.[1]);
    const { outputs, losses } = nudge(
      openLab(config, parameters),
      parameters,
      exampleAt(examples, index),
      { rate: config.learningRate.peak, steps: 1 },
    );
    expect(rows).toHaveLength(SHAPE.classCount);
    for (const [name, before, , , after] of rows) {
      const label = Number(name.replace('class ', ''));
      expect(Number(before)).toBe(outputs[0][label]);
      expect(Number(after)).toBe(outputs[1][label]);
    }
    expect(losses[1]).toBeLessThan(losses[0]);
    expectNoProblems(dashboard);
  });
});

/** Collects the parameters that a page gets, by their steps. */
function watchParameters(page: Page): Map<number, Promise<Buffer>> {
  const seen = new Map<number, Promise<Buffer>>();
  page.on('response', (response) => {
    if (response.ok() && response.url().includes('api/parameters'))
      seen.set(Number(response.headers()['lockstep-step']), response.body());
  });
  return seen;
}
