import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { describe, expect, test } from 'vitest';
import { findCheckpoint } from '../../coordinator/run-folder/find-checkpoint.ts';
import type { LayersAnswer, StudyAnswer } from '../../coordinator/study/study-answer.ts';
import { createDataset } from '../../shared/data/dataset.ts';
import { splitTrainingSet } from '../../shared/data/sampler.ts';
import { classNamesOf } from '../../shared/data/target.ts';
import { planModel } from '../../shared/engine/model/model-plan.ts';
import { openEngine } from '../../shared/host/load-engine.ts';
import { createNetLab } from '../../shared/study/net-lab.ts';
import { findStrongest } from '../../shared/study/strongest-examples.ts';
import { layerNorms, tensorNorms, trainedLayers } from '../../shared/study/tensor-norms.ts';
import { studyUnits } from '../../shared/study/unit-activity.ts';
import { findingsOn, LOOKS } from '../support/browser/axe.ts';
import { chromium } from '../support/browser/chromium.ts';
import { expectNoProblems, GONE, startRun, useDashboards } from '../support/browser/dashboard.ts';
import { runToDone, startCli } from '../support/processes/cli.ts';
import { TOY_SHAPE, toyRun, undisturbedHash } from '../support/processes/toy-cli-run.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { createToyFiles } from '../support/toy-dataset.ts';

/** The same run with another model. */
const convolutional = (flags: readonly string[]): string[] => {
  const at = flags.indexOf('--layers');
  return [...flags.slice(0, at), '--model', 'cnn-small', ...flags.slice(at + 2)];
};
const MODELS = [
  ['mlp', (flags: string[]) => flags],
  ['cnn-small', convolutional],
] as const;

/** Opens the table of a panel. Resolves to the texts of its rows, once there are some. */
async function rowsOf(page: Page, panel: string): Promise<string[][]> {
  const button = page.locator(`#${panel} footer button`, { hasText: 'Table' });
  if ((await button.getAttribute('aria-expanded')) === 'false') await button.click();
  const rows = page.locator(`#${panel} tbody tr`);
  await rows.first().waitFor();
  const texts = await rows.allInnerTexts();
  return texts.map((text) => text.split('\t').map((cell) => cell.trim()));
}

const see = (page: Page, panel: string) => page.locator(`#${panel}`).scrollIntoViewIfNeeded();
const close = (text: string, value: number) =>
  expect(Math.abs(Number(text) - value), `${text} ${value}`).toBeLessThan(2e-3 * Math.abs(value));

describe.skipIf(!chromium)('in Chromium (skipped if it is not installed) units', () => {
  const open = useDashboards();

  test.for(MODELS)(
    'of a live %s show the gradients that the coordinator measures',
    async ([, flagsOf]) => {
      const out = join(temporaryFolder(), 'run');
      const { url } = await startRun([
        ...['train', ...flagsOf(toyRun({ epochs: 2000 })), '--workers', '2', '--out', out],
      ]);
      const dashboard = await open(`${url}/?learning`, { expected: GONE });
      const { page } = dashboard;
      await see(page, 'gradient-flow');
      const { config } = (await (await fetch(`${url}/api/study`)).json()) as StudyAnswer;
      const plan = planModel(config.model);
      const shown = await rowsOf(page, 'gradient-flow');
      const { samples } = (await (await fetch(`${url}/api/layers`)).json()) as LayersAnswer;
      const layers = trainedLayers(plan).map(({ name }) => name);
      const known = shown.filter(([step]) => samples.some((each) => each.step === Number(step)));
      expect(known.length).toBeGreaterThanOrEqual(layers.length);
      for (const [step, layer, gradient, update] of known) {
        const sample = samples.find((each) => each.step === Number(step));
        const [gradients, updates, lengths] = [
          sample?.gradientNorms,
          sample?.updateNorms,
          sample?.parameterNorms,
        ].map((norms = []) => layerNorms(plan, norms)[layers.indexOf(layer)]);
        close(gradient, gradients);
        close(update, updates / lengths);
      }
      for (const panel of ['units', 'features', 'fresh-net']) {
        await see(page, panel);
        await page.locator(`#${panel} canvas`).first().waitFor();
      }
      expectNoProblems(dashboard);
    },
  );

  test('of a run that is measured all the time leave its bits alone', async () => {
    const out = join(temporaryFolder(), 'run');
    const flags = [...toyRun({ epochs: 12 }), '--workers', '2', '--out', out];
    const { cli, url } = await startRun(['train', ...flags]);
    let measured = 0;
    const asking = setInterval(async () => {
      const answer = await fetch(`${url}/api/layers`).catch(() => undefined);
      const { samples = [] } = ((await answer?.json()) ?? {}) as Partial<LayersAnswer>;
      measured = Math.max(measured, samples.length);
    }, 200);
    const { parametersSha256 } = await cli.next('done');
    clearInterval(asking);
    expect(measured).toBeGreaterThan(0);
    expect(parametersSha256).toBe(await undisturbedHash({ epochs: 12 }));
  });

  test.for(MODELS)(
    'of a recorded %s show what Node computes from its checkpoint',
    async ([, flagsOf]) => {
      const out = join(temporaryFolder(), 'run');
      const flags = [
        ...flagsOf(toyRun({ epochs: 1 })),
        '--steps',
        '40',
        '--checkpoint-every',
        '20',
      ];
      await runToDone(['train', ...flags, '--workers', '0', '--out', out]);
      const view = startCli(['view', out, '--port', '0']);
      await expect.poll(() => view.lines.length).toBeGreaterThan(0);
      const [, url] = view.lines[0].split(/ +/);
      const dashboard = await open(`${url}?learning`);
      const { page } = dashboard;

      const { config, parameters } = (await findCheckpoint(out)).checkpoint;
      const { manifest, contents } = createToyFiles(TOY_SHAPE);
      const { train, test: set, inputCount } = createDataset(manifest, contents);
      const lab = createNetLab(openEngine(config.numerics), planModel(config.model), config);
      lab.load(parameters);

      await see(page, 'gradient-flow');
      const flow = await rowsOf(page, 'gradient-flow');
      const { training } = splitTrainingSet(train.count, config.validationCount, config.seed);
      const indices = [...training.subarray(0, 500)];
      const pixels = indices.flatMap((i) => [
        ...train.inputs.subarray(i * inputCount, (i + 1) * inputCount),
      ]);
      const some = {
        count: 500,
        labels: Uint8Array.from(indices, (i) => train.labels[i]),
        inputs: Uint8Array.from(pixels),
      };
      const norms = layerNorms(lab.plan, tensorNorms(lab.plan, lab.meanGradient(some))).reverse();
      expect(flow).toHaveLength(norms.length);
      for (const [i, norm] of norms.entries()) close(flow[i][2], norm);
      expect(await page.innerText('#gradient-flow')).toContain('A folder has no gradients');

      await see(page, 'units');
      const units = await rowsOf(page, 'units');
      const parts = studyUnits(lab, set).flatMap((layer) => [...layer.parts]);
      expect(units.map((row) => Number(row[4]))).toEqual(parts);
      await page.getByRole('button', { name: /^Add the start/ }).click();
      await page.focus('#units canvas[role=img]');
      await page.keyboard.press('ArrowRight');
      await page.locator('#units-story', { hasText: 'activation1, unit 0: ' }).waitFor();

      await see(page, 'features');
      const name = lab.plan.layers[0].name;
      const found = findStrongest(lab, set, name);
      await page.focus('#features canvas');
      for (const key of ['ArrowRight', 'Enter']) await page.keyboard.press(key);
      const title = await page.locator('#features h2', { hasText: /^Unit \d+/ }).innerText();
      const unit = Number(/\d+/.exec(title)?.[0]);
      const shown = await page.locator('#features .unit-pictures li').allInnerTexts();
      const expected = [...found.indices.subarray(9 * unit, 9 * unit + 9)].map((index, i) => [
        classNamesOf(manifest)[set.labels[index]],
        found.values[9 * unit + i].toPrecision(3),
      ]);
      expect(shown.slice(1).map((text) => text.split(/\n+/))).toEqual(expected);

      await page.locator('#features input[type=range]').fill('0');
      await page.getByText('step 20, a checkpoint').waitFor();
      expectNoProblems(dashboard);
    },
  );

  test('are free of findings of axe, and fit into a phone', async () => {
    const out = join(temporaryFolder(), 'run');
    await runToDone(['train', ...toyRun({ epochs: 1 }), '--workers', '0', '--out', out]);
    const view = startCli(['view', out, '--port', '0']);
    await expect.poll(() => view.lines.length).toBeGreaterThan(0);
    const [, url] = view.lines[0].split(/ +/);
    for (const { colorScheme, width } of LOOKS) {
      const viewport = { width, height: 4000 };
      const dashboard = await open(`${url}?learning`, { colorScheme, viewport });
      await dashboard.page.locator('#features .unit-pictures').waitFor();
      await dashboard.page.locator('#units canvas').first().waitFor();
      expect(await findingsOn(dashboard.page), `${colorScheme} ${width}`).toEqual([]);
      await dashboard.untilNarrow();
    }
  });
});
