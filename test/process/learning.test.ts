import { describe, expect, test } from 'vitest';
import { runCli } from '../support/processes/cli.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { writeToyDataset } from '../support/toy-dataset.ts';

/** The notices about learning of a run on the toy dataset. */
async function learningNotices(...flags: string[]): Promise<string[]> {
  const folder = temporaryFolder();
  writeToyDataset(folder);
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
      expect.stringMatching(/^\d+ % of the units of activation1 \(relu\) .* lower --lr \(50\)/),
    ]);
  });
});

test('a run that learns says nothing about it, and one that overfits says so once', async () => {
  expect(await learningNotices('--workers', '1', '--layers', 'none', '--epochs', '9')).toEqual([]);
  const overfitting = ['--workers', '1', '--layers', '64', '--epochs', '80'];
  expect(await learningNotices(...overfitting)).toEqual([
    expect.stringMatching(/^the model overfits since epoch \d+: .* --early-stopping 3 keeps/),
  ]);
  expect(await learningNotices(...overfitting, '--early-stopping', '3')).toEqual([]);
});
