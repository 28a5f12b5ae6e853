import { copyFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { encodePng } from '../../shared/pictures/encode-png.ts';
import { colorPng, folderWith } from '../support/import-context.ts';
import { npyFile } from '../support/npy-writer.ts';
import { runCli, runToDone } from '../support/processes/cli.ts';
import { createDraws } from '../support/simulation/draws.ts';

const fixture = (name: string) => fileURLToPath(new URL(`../fixtures/${name}`, import.meta.url));
const draws = createDraws(3);
const noise = (size: number) => draws.integer(-100, 100) * (size / 100);

interface Case {
  /** The files of the source, and which of them is imported: the folder if it is empty. */
  readonly files: () => Record<string, Uint8Array | string>;
  readonly source: string;
  readonly flags?: readonly string[];
  /** What the import says. */
  readonly says: RegExp;
  /** A file to predict from, and what is predicted for its first example. */
  readonly asked: string;
  readonly answer: object;
}

/** 60 strengths of an echo: rocks and mines differ in the middle. */
function sonar(): string {
  const rows = Array.from({ length: 208 }, (_, i) => {
    const isRock = i % 2 === 0;
    const echo = Array.from(
      { length: 60 },
      (_, f) => 0.5 + (isRock && f > 20 ? 0.3 : 0) + noise(0.1),
    );
    return [...echo.map((value) => value.toFixed(4)), isRock ? 'R' : 'M'].join(',');
  });
  return `${rows.join('\n')}\n`;
}

/** A digit and 16 × 16 shades from -1 to 1, with spaces between them. */
function zipCodes(): string {
  const rows = Array.from({ length: 120 }, (_, i) => {
    const digit = i % 3;
    const shades = Array.from({ length: 256 }, (_, at) =>
      (Math.floor(at / 86) === digit ? 0.8 + noise(0.1) : -1).toFixed(3),
    );
    return `${digit}.0000 ${shades.join(' ')} `;
  });
  return rows.join('\n');
}

function people(): string {
  const rows = Array.from({ length: 200 }, (_, i) => {
    const age = i % 9 === 0 ? '' : String(20 + (i % 50)).concat(',5');
    const day = `2024-${String(1 + (i % 12)).padStart(2, '0')}-11`;
    const city = ['Bern', 'Zürich', '"Basel; Riehen"'][i % 3];
    return [i, city, day, age, 7, i % 2 ? 'yes' : 'no', i % 2].join(';');
  });
  return `\ufeffid;city;day;age;same;hint;label\r\n${rows.join('\r\n')}\r\n`;
}

function houses(): string {
  const rows = Array.from({ length: 150 }, (_, i) => `${3 * i},${1_000.5 + 20 * i}`);
  return `size,price\n${rows.join('\n')}\n`;
}

/** A price by size, town and day: known to 1 part in 1,000. */
function prices(): string {
  const rows = Array.from({ length: 300 }, (_, i) => {
    const [size, town, day] = [20 + ((i * 37) % 100), i % 3, 1 + (i % 28)];
    const price = 50_000 + 3_000 * size + 40_000 * town + 500 * day;
    return [i % 11 === 0 ? '' : size, ['Bern', 'Basel', 'Chur'][town], `3/${day}/2026`, price];
  });
  return `size,town,sold,price\n${rows.map((row) => row.join()).join('\n')}\n`;
}

function colorFolder() {
  const files: Record<string, Uint8Array> = {};
  for (let i = 0; i < 20; i++) {
    const [height, width] = [8 + (i % 5), 8 + (i % 7)];
    const shade = i * 2;
    files[`train/red/${i}.png`] = colorPng(height, width, 200 + shade, 10, shade);
    files[`train/blue/${i}.png`] = colorPng(height, width, shade, 10, 200 + shade);
  }
  files['test/red/0.png'] = colorPng(9, 9, 220, 5, 5);
  files['test/blue/0.png'] = colorPng(9, 9, 5, 5, 220);
  return files;
}

function cifar() {
  const record = (i: number) => {
    const isShip = i % 2 === 0;
    const planes = [isShip ? 20 : 220, i, isShip ? 220 : 20];
    return Buffer.concat([
      Buffer.from([isShip ? 8 : 6]),
      ...planes.map((color) => Buffer.alloc(1024, color)),
    ]);
  };
  const batch = (count: number, from: number) =>
    Buffer.concat(Array.from({ length: count }, (_, i) => record(from + i)));
  return {
    'data_batch_1.bin': batch(30, 0),
    'test_batch.bin': batch(6, 100),
    'ship.png': encodePng({
      height: 32,
      width: 32,
      channels: 3,
      pixels: Uint8Array.from({ length: 3072 }, (_, i) => [20, 50, 220][i % 3]),
    }),
  };
}

const CASES: Record<string, Case> = {
  'a table of echoes': {
    files: () => ({ 'sonar.csv': sonar() }),
    source: 'sonar.csv',
    says: /\nsonar: \d+ training and \d+ test rows of 60 inputs, 2 classes\n/,
    asked: 'sonar.csv',
    answer: {
      name: 'R',
      preprocessing: ['60 columns by place', 'prepared as in training', 'not used: column 61'],
    },
  },
  'a table of pixels': {
    files: () => ({
      'zip.train': zipCodes(),
      'one.npy': npyFile(
        '|u1',
        '16, 16',
        Uint8Array.from({ length: 256 }, (_, at) => (Math.floor(at / 86) === 1 ? 230 : 0)),
      ),
    }),
    source: 'zip.train',
    flags: ['--target', 'column 1', '--size', '16x16'],
    says: /from -1 to 1, made 0 to 255[\s\S]* test images of 16 × 16 pixels gray, 3 classes\n/,
    asked: 'one.npy',
    answer: { name: '1', preprocessing: ['16 × 16 pixels'] },
  },
  'a table with texts, dates and gaps': {
    files: () => ({
      'people.csv': people(),
      'new.csv': 'hint,age,who,city,day\nyes,,x,Bern,2024-06-11\nno,3,x,Paris,\n',
    }),
    source: 'people.csv',
    flags: ['--classes', 'poor,rich'],
    says: /after a comma[\s\S]*numbers the rows: id[\s\S]*same in all training rows: same/,
    asked: 'new.csv',
    answer: {
      name: 'rich',
      preprocessing: ['4 columns by name', 'prepared as in training', 'not used: who'],
    },
  },
  'a price by texts, dates with slashes and gaps': {
    files: () => ({ 'prices.csv': prices(), 'new.csv': 'sold,town,size\n3/14/2026,Chur,80\n' }),
    source: 'prices.csv',
    says: /sold has dates with the month first[\s\S]* a number as target: price\n[\s\S]*RMSE/,
    asked: 'new.csv',
    answer: {
      target: 'price',
      value: expect.closeTo(377_000, -4),
      preprocessing: ['3 columns by name', 'prepared as in training'],
    },
  },
  'pictures in folders': {
    files: colorFolder,
    source: '',
    flags: ['--size', '8x8'],
    says: /: 40 training and 2 test images of 8 × 8 pixels in color, 2 classes\n/,
    asked: 'test/blue/0.png',
    answer: { name: 'blue', preprocessing: ['9 × 9 pixels', 'scaled to 8 × 8'] },
  },
  'the binary files of CIFAR': {
    files: cifar,
    source: '',
    says: /: 30 training and 6 test images of 32 × 32 pixels in color, 2 [\s\S]*frog[\s\S]*ship/,
    asked: 'ship.png',
    answer: { name: 'ship' },
  },
  'arrays as NumPy writes them': {
    files: () => ({}),
    source: 'arrays.npz',
    says: /: 60 training and 12 test images of 6 × 5 pixels gray, 3 classes\n/,
    asked: 'arrays.npz',
    answer: { name: '0', index: 0 },
  },
  'a Parquet file with pictures': {
    files: () => ({ 'day.png': colorPng(4, 4, 210, 5, 9) }),
    source: 'pictures.parquet',
    says: /test images of 4 × 4 pixels in color, 2 classes/,
    asked: 'day.png',
    answer: { name: 'day' },
  },
};

async function imported({ files, source, flags = [] }: Case) {
  const cwd = folderWith(files());
  if (['arrays.npz', 'pictures.parquet'].includes(source))
    copyFileSync(fixture(source), join(cwd, source));
  const out = join(folderWith({}), 'data');
  const result = await runCli(['data', 'import', join(cwd, source), '--out', out, ...flags], {
    cwd,
  });
  return { cwd, out, ...result };
}

describe('from a file to a prediction', () => {
  test.for(Object.entries(CASES))('%s', async ([, one]) => {
    const { cwd, out, code, stdout, stderr } = await imported(one);
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout).toMatch(one.says);
    expect(stdout).toContain(`\n\nNext:\n  npx lockstep train --data-dir ${out}`);
    const run = join(cwd, 'run');
    const quick = ['--layers', '16', '--global-batch', '16', '--epochs', '60', '--workers', '0'];
    await runToDone(['train', '--data-dir', out, ...quick, '--out', run], { cwd });
    const predicted = await runCli(['predict', run, one.asked, '--json'], { cwd });
    expect(predicted.stderr).toBe('');
    const [first] = predicted.stdout.split('\n').map((line) => JSON.parse(line));
    expect(first).toMatchObject(one.answer);
    expect(existsSync(join(out, 'dataset.json'))).toBe(true);
  });
});

test('an import as JSON has what was found', async () => {
  const cwd = folderWith({ 'houses.csv': houses() });
  const args = ['data', 'import', 'houses.csv', '--out', 'data', '--json'];
  const { code, stdout } = await runCli(args, { cwd });
  expect(code).toBe(0);
  const facts = JSON.parse(stdout);
  expect(facts).toMatchObject({
    event: 'imported',
    folder: 'data',
    classes: [],
    duplicates: 0,
    baseline: { kind: 'mean' },
    manifest: { name: 'houses', target: { name: 'price' }, columns: [{ name: 'size' }] },
  });
  expect(facts.notes).toContain('the target is price, the last column; --target chooses another');
  const { manifest } = facts;
  expect(JSON.parse(readFileSync(join(cwd, 'data', 'dataset.json'), 'utf8'))).toEqual(manifest);
  const again = await runCli(args.slice(0, -1), { cwd });
  expect(again).toMatchObject({ code: 1, stdout: '' });
  expect(again.stderr).toBe('error: --out data has a dataset already: --force replaces it.\n');
});

test('what cannot be imported is said in one line', async () => {
  const cwd = folderWith({
    'a.csv': 'a,b\n1,2\n3\n',
    'none/empty/notes.md': 'x',
    'none/a/x.png': colorPng(1, 1, 1, 1, 1),
    'e.csv': '',
  });
  writeFileSync(join(cwd, 'cut.npz'), readFileSync(fixture('arrays.npz')).subarray(0, 900));
  const failure = async (...args: string[]) => {
    const { code, stderr } = await runCli(['data', 'import', ...args, '--out', 'out'], { cwd });
    expect(existsSync(join(cwd, 'out'))).toBe(false);
    return [code, stderr.trim().split('\n').length, stderr.split('\n')[0]];
  };
  expect(await failure('a.csv')).toEqual([
    1,
    1,
    'error: a.csv: line 3 has 1 cell, and the first line has 2: correct it.',
  ]);
  expect(await failure('cut.npz')).toEqual([1, 1, expect.stringContaining('it is damaged')]);
  expect(await failure('nothing')).toEqual([1, 1, expect.stringContaining('ENOENT')]);
  expect(await failure('e.csv')).toEqual([1, 1, 'error: e.csv is empty: give a table with rows.']);
  expect(await failure('none')).toEqual([
    1,
    1,
    expect.stringContaining('the class empty has no pictures'),
  ]);
});
