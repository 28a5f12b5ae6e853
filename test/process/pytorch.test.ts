import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { bytesOf } from '../../shared/bytes.ts';
import type { RegressionManifest } from '../../shared/data/manifest.ts';
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
import { createTable, writeTable } from '../support/toy-dataset.ts';

const python = findPython('torch');
const title = python
  ? 'an export for PyTorch'
  : 'SKIPPED, for no Python here has torch: the export';

/** Loads the models in folders, as a user does. */
const LOAD = `
import importlib.util, json, sys, torch
def module(folder):
    spec = importlib.util.spec_from_file_location("model", folder + "/model.py")
    loaded = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(loaded)
    return loaded
def bytes_of(path, shape, start=0):
    data = bytearray(open(path, "rb").read()[start:])
    return torch.frombuffer(data, dtype=torch.uint8).reshape(shape)
`;

/** Prints the logits of images, once as bytes and once as numbers from 0 to 1. */
const LOGITS = `${LOAD}
shape, *pairs = sys.argv[1:]
for folder, images in zip(pairs[::2], pairs[1::2]):
    model = module(folder).load()
    x = bytes_of(images, json.loads(shape))
    with torch.no_grad():
        print(json.dumps([model(x).flatten().tolist(), model(x.float() / 255).flatten().tolist()]))
`;

const CORRECT = `${LOAD}
folder, images, labels, size = sys.argv[1:]
loaded = module(folder)
x, y = bytes_of(images, (-1, 1, int(size), int(size)), 16), bytes_of(labels, (-1,), 8)
with torch.no_grad():
    print(json.dumps([loaded.CLASSES, (loaded.load()(x).argmax(1) == y).sum().item(), len(y)]))
`;

const NUMBERS = `${LOAD}
folder, rows, count = sys.argv[1:]
loaded = module(folder)
data = bytearray(open(rows, "rb").read())
x = torch.frombuffer(data, dtype=torch.float32).reshape(int(count), -1)
with torch.no_grad():
    print(json.dumps([loaded.TARGET, loaded.load()(x).flatten().tolist()]))
`;

const ROWS = `${LOAD}
folder, rows = sys.argv[1:]
loaded = module(folder)
with torch.no_grad():
    print(json.dumps(loaded.load()(loaded.features(json.loads(rows))).softmax(1).tolist()))
`;

const CNN = {
  layers: [
    { type: 'conv2d', filters: 4, kernel: 3 },
    { type: 'batch-norm' },
    { type: 'activation', function: 'relu' },
    { type: 'max-pool', size: 2 },
    { type: 'dense', outputs: 16 },
    { type: 'activation', function: 'gelu' },
    { type: 'dropout', rate: 0.2 },
    { type: 'dense', outputs: 5 },
  ],
};

describe.skipIf(!python)(title, () => {
  test('gives the same logits for all layers, in all orders', async () => {
    const folder = temporaryFolder();
    const cases = Object.keys(PORTABLE_MODELS).map((name) => portableCheckpoint(folder, name));
    const args: string[] = [];
    for (const { path, images } of cases) {
      const out = `${path}-pytorch`;
      const exported = await runCli(['export', path, '--format', 'pytorch', '--out', out]);
      expect([exported.code, exported.stderr]).toEqual([0, '']);
      writeFileSync(join(out, 'images'), channelsFirst(images));
      args.push(out, join(out, 'images'));
    }
    const { height, width, channels } = PORTABLE_INPUT;
    const shape = JSON.stringify([PORTABLE_ROWS, channels, height, width]);
    const lines = runPython(python ?? '', LOGITS, [shape, ...args])
      .trim()
      .split('\n');
    expect(lines).toHaveLength(cases.length);
    for (const [i, line] of lines.entries())
      for (const logits of JSON.parse(line) as number[][])
        for (const [j, logit] of logits.entries())
          expect(logit, Object.keys(PORTABLE_MODELS)[i]).toBeCloseTo(cases[i].logits[j], 5);
  });

  test.for(['mlp', 'cnn'])('classifies each test image as the run did: %s', async (model) => {
    const cwd = temporaryFolder();
    writeFileSync(join(cwd, 'cnn.json'), JSON.stringify(CNN));
    const flags = toyRun({ epochs: 2 });
    if (model === 'cnn') flags.splice(flags.indexOf('--layers'), 2, '--model', 'cnn.json');
    await runToDone(['train', ...flags, '--workers', '0', '--out', 'run'], { cwd });
    const exported = await runCli(['export', 'run', '--format', 'pytorch'], { cwd });
    expect([exported.code, exported.stderr]).toEqual([0, '']);
    const evaluated = JSON.parse((await runCli(['evaluate', 'run', '--json'], { cwd })).stdout);
    const data = flags[flags.indexOf('--data-dir') + 1];
    const [images, labels] = ['toy-testImages', 'toy-testLabels'].map((name) => join(data, name));
    const args = [join(cwd, 'run', 'pytorch'), images, labels, '12'];
    const [classes, correct, count] = JSON.parse(runPython(python ?? '', CORRECT, args));
    expect(classes).toEqual(evaluated.classNames);
    expect(count).toBe(1000);
    expect(correct / count).toBe(evaluated.testAccuracy);
    expect(correct / count).toBeGreaterThan(0.5);
  });

  test('makes the features of rows as a prediction does', async () => {
    const cwd = temporaryFolder();
    const cities = ['Ulm', 'Köln', ''];
    const lines = Array.from({ length: 200 }, (_, i) => {
      const age = i % 7 === 3 ? '' : String((i * 37) % 90);
      const day = `2026-0${1 + (i % 9)}-1${i % 10}`;
      return `${age},${cities[i % 3]},${day},${(i * 37) % 90 > 40 ? 'yes' : 'no'}`;
    });
    const table = join(cwd, 'people.csv');
    writeFileSync(table, `age,city,since,stays\n${lines.join('\n')}\n`);
    expect((await runCli(['data', 'import', table, '--out', 'people'], { cwd })).code).toBe(0);
    const flags = ['--data-dir', 'people', '--epochs', '2', '--workers', '0', '--out', 'run'];
    await runToDone(['train', ...flags], { cwd });
    const exported = await runCli(['export', 'run', '--format', 'pytorch'], { cwd });
    expect([exported.code, exported.stderr]).toEqual([0, '']);
    const asked = join(cwd, 'asked.csv');
    writeFileSync(
      asked,
      'age,city,since\n41,Ulm,2026-02-11\n,Köln,2026-03-12\n7,Bern,2026-05-19\n',
    );
    const predicted = await runCli(['predict', 'run', asked, '--json'], { cwd });
    const expected = predicted.stdout
      .trim()
      .split('\n')
      .map((line): { label: number; probability: number } => JSON.parse(line));
    const days = (date: string) => Date.parse(date) / 86_400_000;
    const rows = [
      { age: 41, city: 'Ulm', since: days('2026-02-11') },
      { city: 'Köln', since: days('2026-03-12') },
      { age: 7, city: 'Bern', since: days('2026-05-19') },
    ];
    const args = [join(cwd, 'run', 'pytorch'), JSON.stringify(rows)];
    const probabilities = JSON.parse(runPython(python ?? '', ROWS, args)) as number[][];
    expect(expected).toHaveLength(3);
    for (const [i, { label, probability }] of expected.entries())
      expect(probabilities[i][label]).toBeCloseTo(probability, 5);
  });

  test('gives numbers in the unit of their target, from the features of rows', async () => {
    const cwd = temporaryFolder();
    writeTable(cwd);
    const flags = ['--data-dir', cwd, '--epochs', '8', '--workers', '0', '--out', 'run'];
    const { testErrors } = await runToDone(['train', ...flags], { cwd });
    const exported = await runCli(['export', 'run', '--format', 'pytorch'], { cwd });
    expect([exported.code, exported.stderr]).toEqual([0, '']);
    const { test: set, manifest } = createTable();
    writeFileSync(join(cwd, 'rows'), bytesOf(set.inputs));
    const args = [join(cwd, 'run', 'pytorch'), join(cwd, 'rows'), String(set.count)];
    const [name, numbers] = JSON.parse(runPython(python ?? '', NUMBERS, args));
    expect(name).toBe('price');
    const { mean, deviation } = (manifest as RegressionManifest).target;
    const errors = [...set.labels].map((label, i) =>
      Math.abs(numbers[i] - (label * deviation + mean)),
    );
    const mae = errors.reduce((sum, error) => sum + error) / set.count;
    expect(Math.abs(mae - Number(testErrors?.mae))).toBeLessThan(1e-3);
  });
});
