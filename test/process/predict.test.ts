import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { grayPng } from '../support/png-writer.ts';
import { runCli, runToDone, startCli } from '../support/processes/cli.ts';
import { TOY_SHAPE, toyRun, undisturbedHash } from '../support/processes/toy-cli-run.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { writeToyDataset } from '../support/toy-dataset.ts';

const SIZE = TOY_SHAPE.height * TOY_SHAPE.width;

/** A trained toy run, and a test image of it as a PNG file. */
async function trainedRun() {
  const cwd = temporaryFolder();
  const flags = toyRun({ epochs: 2 });
  await runToDone(['train', ...flags, '--workers', '0', '--out', 'run'], { cwd });
  const data = flags[flags.indexOf('--data-dir') + 1];
  const images = readFileSync(join(data, 'toy-testImages')).subarray(16);
  const image = images.subarray(0, SIZE);
  writeFileSync(join(cwd, 'image.png'), grayPng(TOY_SHAPE.height, TOY_SHAPE.width, image));
  return { cwd, data };
}

describe('lockstep predict', () => {
  test('classifies a test set as the evaluation does', async () => {
    const { cwd, data } = await trainedRun();
    const file = join(data, 'toy-testImages');
    const { code, stdout, stderr } = await runCli(['predict', 'run', file, '--json'], { cwd });
    expect([code, stderr]).toEqual([0, '']);
    const predictions = stdout.split('\n').map((line) => JSON.parse(line));
    expect(predictions).toHaveLength(TOY_SHAPE.testCount);
    const labels = readFileSync(join(data, 'toy-testLabels')).subarray(8);
    const correct = predictions.filter(({ label, index }) => label === labels[index]).length;
    const evaluated = JSON.parse((await runCli(['evaluate', 'run', '--json'], { cwd })).stdout);
    expect(correct / predictions.length).toBe(evaluated.testAccuracy);
    expect(predictions[0]).toMatchObject({
      event: 'prediction',
      file,
      index: 0,
      preprocessing: ['12 × 12 pixels'],
      looksInverted: false,
      step: evaluated.step,
      parametersSha256: evaluated.parametersSha256,
    });
    expect(predictions[0].top).toHaveLength(3);
  });

  test('shows people the model, what was done, and bars', async () => {
    const { cwd } = await trainedRun();
    const args = ['predict', 'run', 'image.png', '--top', '2', '--invert'];
    const { code, stdout, stderr } = await runCli(args, { cwd });
    expect([code, stderr]).toEqual([0, '']);
    const [model, input, , name, done, ...bars] = stdout.split('\n');
    expect(model).toMatch(/^Model {2}step 360, run\/checkpoints\/step-00000360\.safetensors$/);
    expect(input).toBe('Input  12 × 12 pixels, gray, each byte / 255, as in training');
    expect(name).toMatch(/^image\.png: class \d, [\d.]+ %$/);
    expect(done).toBe('  12 × 12 pixels, inverted');
    expect(bars).toHaveLength(2);
    for (const bar of bars) expect(bar).toMatch(/^ {2}class \d {2}[█░]{20} +[\d.]+ %$/);
  });

  test('says what is wrong with a picture, a flag or a run', async () => {
    const { cwd } = await trainedRun();
    writeFileSync(join(cwd, 'text.png'), 'no picture');
    const failure = async (...args: string[]) => {
      const { code, stderr } = await runCli(['predict', ...args], { cwd });
      return [code, stderr.split('\n')[0]];
    };
    expect(await failure('run', 'text.png')).toEqual([
      1,
      'error: cannot use the picture text.png: it is no PNG, IDX, NPY or NPZ file, and no JPEG, ' +
        'GIF, WebP or TIFF: save it as PNG.',
    ]);
    expect(await failure('run', 'nothing.png')).toEqual([
      1,
      expect.stringMatching(/^error: cannot use the picture nothing\.png: ENOENT/),
    ]);
    expect(await failure('run')).toEqual([2, "error: missing required argument 'files'"]);
    expect(await failure('run', 'image.png', '--top', '0')).toEqual([
      2,
      expect.stringContaining("'0' is invalid"),
    ]);
    expect(await failure('nowhere', 'image.png')).toEqual([
      1,
      expect.stringMatching(/^error: cannot read the checkpoint nowhere: ENOENT/),
    ]);
    expect(await failure('run', 'image.png', '--checkpoint', '7')).toEqual([
      1,
      expect.stringMatching(/^error: --checkpoint 7: .* is not there/),
    ]);
  });
});

test('a run says what it takes pictures for, and ends with the same bits', async () => {
  const cwd = temporaryFolder();
  const options = { epochs: 3 };
  const args = ['train', ...toyRun(options), '--workers', '2', '--predict', '--json'];
  const run = startCli(args, { cwd });
  const { url } = await run.next('listening');
  const address = new URL('/api/predict', url.replace(/^ws/, 'http'));
  const picture = Buffer.from(grayPng(30, 20, new Uint8Array(600)));
  const headers = { 'content-type': 'image/png' };
  const answers: { step: number; name: string }[] = [];
  let isOver = false;
  void run.ended.then(() => {
    isOver = true;
  });
  while (!isOver) {
    // The run may end at any moment.
    const response = await fetch(address, { method: 'POST', headers, body: picture }).catch(
      () => {},
    );
    if (response?.status === 200) answers.push((await response.json()) as (typeof answers)[0]);
    else if (response) expect(response.status).toBe(429);
  }
  const { stdout } = await run.ended;
  const done = JSON.parse(stdout.split('\n').at(-1) ?? '');
  expect(done.parametersSha256).toBe(await undisturbedHash(options));
  const steps = answers.map(({ step }) => step);
  expect(steps).toEqual(steps.toSorted((a, b) => a - b));
  expect(new Set(steps).size).toBeGreaterThan(3);
  expect(answers[0].name).toMatch(/^class \d$/);
});

test('a run without a port says so', async () => {
  const { code, stderr } = await runCli(['train', '--workers', '0', '--predict']);
  expect([code, stderr.split('\n')[0]]).toEqual([
    2,
    'error: --predict answers at the port, and a run with --workers 0 has none. Give at least 1 ' +
      'worker.',
  ]);
});

test('a model is evaluated on another dataset that fits it', async () => {
  const { cwd } = await trainedRun();
  const other = temporaryFolder();
  writeToyDataset(other, { ...TOY_SHAPE, testCount: 50 });
  const { code, stdout } = await runCli(['evaluate', 'run', '--data-dir', other], { cwd });
  expect(code).toBe(0);
  expect(stdout).toContain('\nDataset         toy, not that of the run\n');
  expect(stdout).toMatch(/\nTest accuracy {3}[\d.]+ % of 50 images; always the most frequent /);
  const small = temporaryFolder();
  writeToyDataset(small, { ...TOY_SHAPE, height: 11 });
  const failed = await runCli(['evaluate', 'run', '--data-dir', small], { cwd });
  expect([failed.code, failed.stderr]).toEqual([
    1,
    `error: --data-dir ${small} has images of 11 × 12 pixels and 5 classes, but the model takes ` +
      'images of 12 × 12 pixels and has 5 classes: give data that fit it.\n',
  ]);
});
