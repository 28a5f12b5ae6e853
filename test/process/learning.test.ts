import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { runCli } from '../support/processes/cli.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { writeToyDataset } from '../support/toy-dataset.ts';

const TOO_HIGH = expect.stringMatching(
  /^the learning rate is too high: the training loss .* lower --lr \(\d+\), for example \d+;/,
);

/** The notices about learning of a run on the toy dataset. */
async function learningNotices(...flags: string[]): Promise<string[]> {
  const folder = temporaryFolder();
  writeToyDataset(folder);
  return noticesWith(folder, flags);
}

/** The same for the dataset in a folder. */
async function noticesWith(folder: string, flags: readonly string[]): Promise<string[]> {
  const { stdout, stderr } = await runCli(
    ['train', '--data-dir', folder, '--validation', '200', '--json', ...flags],
    { cwd: folder },
  );
  const events = stdout.split('\n').map((line) => JSON.parse(line));
  expect(events.at(-1).event, stderr).toBe('done');
  return events.flatMap(({ code, message }) => (code === 'learning' ? [message] : []));
}

describe.each(['0', '2'])('with %s workers, a run that cannot learn says why', (workers) => {
  test('because its gradient vanishes', async () => {
    const deep = ['--layers', '20,20,20,20,20,20', '--activation', 'sigmoid'];
    const slow = ['--optimizer', 'sgd', '--lr', '0.01', '--epochs', '40', '--global-batch', '64'];
    expect(await learningNotices('--workers', workers, ...deep, ...slow)).toEqual([
      expect.stringMatching(/^the gradient vanishes .* that of dense1 is [\d,]+ times smaller/),
    ]);
  });

  test('because its units are dead', async () => {
    const wild = ['--layers', '20', '--lr', '50', '--schedule', 'constant', '--epochs', '3'];
    expect(await learningNotices('--workers', workers, ...wild)).toEqual([
      TOO_HIGH,
      expect.stringMatching(/^\d+ % of the units of activation1 \(relu\) .* lower --lr \(50\)/),
    ]);
  });
});

test('a run whose learning rate is too high says so after the epoch that shows it', async () => {
  const wild = ['--layers', 'none', '--lr', '30', '--schedule', 'constant', '--epochs', '3'];
  expect(await learningNotices('--workers', '1', ...wild)).toContainEqual(TOO_HIGH);
});

test('a run that always says the same class is told so', async () => {
  // The weights are so small that no error comes through the layers: only biases are learned.
  const tiny = ['--init', 'glorot', '--layers', '20,20', '--activation', 'sigmoid'];
  const slow = ['--optimizer', 'sgd', '--lr', '0.001', '--epochs', '40', '--global-batch', '64'];
  const notices = await learningNotices('--workers', '1', ...tiny, ...slow);
  expect(notices).toEqual([
    expect.stringMatching(/no better than guessing: .* It says “class \d” for each of 64 .* --lr/),
  ]);
});

test('a model of numbers that the inputs tell nothing about is told so', async () => {
  const folder = temporaryFolder();
  // Neighbors in these sequences have nothing to do with each other.
  const part = (n: number, factor: number) => ((n * factor) % 1).toFixed(4);
  const row = (n: number) => `${part(n, Math.SQRT2)},${part(n * n, Math.PI)}`;
  const rows = Array.from({ length: 1500 }, (_, n) => row(n + 1));
  writeFileSync(join(folder, 'noise.csv'), ['x,y', ...rows].join('\n'));
  await runCli(['data', 'import', 'noise.csv', '--target', 'y', '--out', 'noise'], { cwd: folder });
  const flags = ['--workers', '1', '--layers', 'none', '--epochs', '20', '--lr', '0.05'];
  expect(await noticesWith(join(folder, 'noise'), flags)).toEqual([
    expect.stringMatching(
      /^the model is no better than always saying the mean: training R² -?0\.0/,
    ),
  ]);
});

test('labels that are wrong are found, and right ones are not', async () => {
  const flags = ['--workers', '1', '--layers', '32', '--epochs', '2', '--global-batch', '64'];
  const shape = { trainCount: 12_000, testCount: 500, height: 8, width: 8, classCount: 10 };
  // A fifth of the toy labels are drawn at random.
  const wrong = temporaryFolder();
  writeToyDataset(wrong, shape);
  expect(await noticesWith(wrong, flags)).toEqual([
    expect.stringMatching(/^labels look wrong: to \d+ of 64 .* --set training --hardest/),
  ]);
  const right = temporaryFolder();
  writeToyDataset(right, shape, 0);
  expect(await noticesWith(right, flags)).toEqual([]);
});

test('a run that learns says nothing about it, and one that overfits says so once', async () => {
  expect(await learningNotices('--workers', '1', '--layers', 'none', '--epochs', '9')).toEqual([]);
  const large = ['--layers', '128,128', '--schedule', 'constant'];
  const overfitting = ['--workers', '1', ...large, '--epochs', '40'];
  expect(await learningNotices(...overfitting)).toEqual([
    expect.stringMatching(/^the model overfits since epoch \d+: .* --early-stopping 4 keeps/),
  ]);
  expect(await learningNotices(...overfitting, '--early-stopping', '3')).toEqual([]);
});
