import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as onnx from 'onnxruntime-web/wasm';
import { describe, expect, test } from 'vitest';
import { createPredictor } from '../../coordinator/prediction/predictor.ts';
import { findModel } from '../../coordinator/run-folder/find-checkpoint.ts';
import { DEBIAN_FOLDER } from '../../shared/data/loading/content-sources.ts';
import { coordinatorSources, loadDataset } from '../../shared/data/loading/load-dataset.ts';
import type { RegressionManifest } from '../../shared/data/manifest.ts';
import { openEngine } from '../../shared/host/load-engine.ts';
import {
  channelsFirst,
  PORTABLE_INPUT,
  PORTABLE_MODELS,
  PORTABLE_ROWS,
  portableCheckpoint,
} from '../support/portable-models.ts';
import { runCli, runToDone } from '../support/processes/cli.ts';
import { findPython, runPython } from '../support/processes/python.ts';
import { toyRun } from '../support/processes/toy-cli-run.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { createTable, TOY_SHAPE, writeTable, writeToyDataset } from '../support/toy-dataset.ts';

onnx.env.wasm.numThreads = 1;

/** All activations of so many images fit into little memory. */
const ROWS = 200;

/** Runs an ONNX file on images [rows, channels, height, width]. Returns logits, probabilities. */
async function runOnnx(file: string, images: Uint8Array, [rows, ...image]: readonly number[]) {
  const session = await onnx.InferenceSession.create(readFileSync(file));
  const size = images.length / rows;
  const found: [number[], number[]] = [[], []];
  for (let at = 0; at < rows; at += ROWS) {
    const part = images.subarray(at * size, (at + ROWS) * size);
    const input = new onnx.Tensor('uint8', part, [part.length / size, ...image]);
    const { logits, probabilities } = await session.run({ images: input });
    found[0].push(...(logits.data as Float32Array));
    found[1].push(...(probabilities.data as Float32Array));
  }
  await session.release();
  return found;
}

async function exportOnnx(path: string, out: string): Promise<void> {
  const { code, stderr } = await runCli(['export', path, '--format', 'onnx', '--out', out]);
  expect([code, stderr]).toEqual([0, '']);
}

/** Expects the same class of every test image, and nearly the same numbers. */
async function expectSameClasses(run: string): Promise<void> {
  const file = join(run, 'model.onnx');
  await exportOnnx(run, file);
  const { checkpoint } = await findModel(run);
  const { config, model, parameters } = checkpoint;
  const { dataDir } = JSON.parse(readFileSync(join(run, 'config.json'), 'utf8'));
  const context = { signal: new AbortController().signal, report() {} };
  const sources = coordinatorSources(dataDir, config.dataset);
  const { test, shape } = (await loadDataset(config.dataset, sources, context)).dataset;
  const predictor = createPredictor(openEngine(config.numerics), config, model, 100);
  predictor.setParameters(parameters);
  const images = Uint8Array.from(test.inputs);
  const ours = predictor.predict(images);
  const [logits, probabilities] = await runOnnx(file, channelsFirst(images, shape), [
    test.count,
    shape.channels,
    shape.height,
    shape.width,
  ]);
  const classes = model.classCount;
  let correct = 0;
  let difference = 0;
  const others: number[] = [];
  for (const [i, prediction] of ours.entries()) {
    const [from, to] = [i * classes, (i + 1) * classes];
    const theirs = logits.slice(from, to);
    const best = theirs.indexOf(Math.max(...theirs));
    if (best !== prediction.logits.indexOf(Math.max(...prediction.logits))) others.push(i);
    if (best === test.labels[i]) correct++;
    difference = Math.max(
      difference,
      differenceOf(theirs, prediction.logits),
      differenceOf(probabilities.slice(from, to), prediction.probabilities),
    );
  }
  expect(ours).toHaveLength(test.count);
  expect(others).toEqual([]);
  expect(difference).toBeLessThan(1e-4);
  const evaluated = await runCli(['evaluate', run, '--json']);
  expect(correct / test.count).toBe(JSON.parse(evaluated.stdout).testAccuracy);
}

const differenceOf = (a: readonly number[], b: readonly number[]): number =>
  Math.max(...a.map((value, i) => Math.abs(value - b[i])));

describe('an export for ONNX', () => {
  test.for(Object.keys(PORTABLE_MODELS))('gives the same logits: %s', async (name) => {
    const folder = temporaryFolder();
    const { path, images, logits } = portableCheckpoint(folder, name);
    await exportOnnx(path, join(folder, 'model.onnx'));
    const { height, width, channels } = PORTABLE_INPUT;
    const shape = [PORTABLE_ROWS, channels, height, width];
    const [found] = await runOnnx(join(folder, 'model.onnx'), channelsFirst(images), shape);
    expect(differenceOf(found, logits)).toBeLessThan(1e-5);
  });

  test('limits outputs that were trained with the squared error', async () => {
    const folder = temporaryFolder();
    const name = 'the activation tanh';
    const { path, images, logits } = portableCheckpoint(folder, name, { loss: 'squared-error' });
    await exportOnnx(path, join(folder, 'model.onnx'));
    const { height, width, channels } = PORTABLE_INPUT;
    const shape = [PORTABLE_ROWS, channels, height, width];
    const [, found] = await runOnnx(join(folder, 'model.onnx'), channelsFirst(images), shape);
    const limited = logits.map((logit) => Math.min(1, Math.max(0, logit)));
    expect(differenceOf(found, limited)).toBeLessThan(1e-5);
  });

  test('classifies each image of a toy set as the run did', async () => {
    const run = join(temporaryFolder(), 'run');
    await runToDone(['train', ...toyRun({ epochs: 2 }), '--workers', '0', '--out', run]);
    await expectSameClasses(run);
  });

  test('gives a number in the unit of its target, from the features of a row', async () => {
    const folder = temporaryFolder();
    writeTable(folder);
    const run = join(folder, 'run');
    const flags = ['--data-dir', folder, '--epochs', '8', '--workers', '0', '--out', run];
    const { testErrors } = await runToDone(['train', ...flags]);
    await exportOnnx(run, join(run, 'model.onnx'));
    const { manifest, test: set, inputCount } = createTable();
    const session = await onnx.InferenceSession.create(readFileSync(join(run, 'model.onnx')));
    const features = new onnx.Tensor('float32', Float32Array.from(set.inputs), [
      set.count,
      inputCount,
    ]);
    const { prediction } = await session.run({ features });
    const { mean, deviation } = (manifest as RegressionManifest).target;
    const squares = [...set.labels].map(
      (label, i) => (Number(prediction.data[i]) - (label * deviation + mean)) ** 2,
    );
    const rmse = Math.sqrt(squares.reduce((sum, square) => sum + square) / set.count);
    expect(Math.abs(rmse - Number(testErrors?.rmse))).toBeLessThan(1e-3);
    expect(testErrors?.r2).toBeGreaterThan(0.8);
  });

  test('classifies color images and rows as the run did', async () => {
    const folder = temporaryFolder();
    writeToyDataset(folder, { ...TOY_SHAPE, height: 8, channels: 3 });
    const run = join(folder, 'run');
    const flags = ['--data-dir', folder, '--model', 'cnn-small', '--epochs', '1', '--out', run];
    await runToDone(['train', ...flags, '--workers', '0']);
    await expectSameClasses(run);
  });

  const hasFashion = existsSync(DEBIAN_FOLDER);
  test.skipIf(!hasFashion)(
    hasFashion
      ? 'classifies the 10,000 test images of Fashion-MNIST as cnn-small did'
      : 'SKIPPED, for the package dataset-fashion-mnist is missing: the real test images',
    async () => {
      const run = join(temporaryFolder(), 'run');
      const flags = ['--model', 'cnn-small', '--steps', '60', '--workers', '0', '--out', run];
      await runToDone(['train', ...flags]);
      await expectSameClasses(run);
    },
  );

  const python = findPython('onnx');
  test.skipIf(!python)(
    python ? 'passes the checker of ONNX' : 'SKIPPED, for no Python here has onnx: its checker',
    async () => {
      const folder = temporaryFolder();
      const files: string[] = [];
      for (const name of Object.keys(PORTABLE_MODELS)) {
        const { path } = portableCheckpoint(folder, name);
        files.push(`${path}.onnx`);
        await exportOnnx(path, `${path}.onnx`);
      }
      const program = `
import json, onnx, sys
for path in sys.argv[1:]:
    model = onnx.load(path)
    onnx.checker.check_model(model, full_check=True)
    print(json.dumps({entry.key: entry.value for entry in model.metadata_props}))
`;
      const lines = runPython(python ?? '', program, files)
        .trim()
        .split('\n');
      expect(lines).toHaveLength(files.length);
      for (const line of lines)
        expect(JSON.parse(line)).toMatchObject({ producer: 'lockstep', step: '3' });
    },
  );
});
