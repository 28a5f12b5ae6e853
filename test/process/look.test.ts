import { expect, test } from 'vitest';
import { runCli } from '../support/processes/cli.ts';
import { toyRun } from '../support/processes/toy-cli-run.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const REFUSED: [string[], RegExp][] = [
  [['--example', '99999'], /--example 99999 is not in the test set, which has \d+: count from 0\./],
  [['--set', 'toast'], /toast/],
  [['--hardest', '--example', '3'], /--hardest.*--example/],
  [['--example', '-1'], /-1/],
  [['--checkpoint', '7'], /7/],
];

test('look shows one example to people and to scripts', async () => {
  const run = `${temporaryFolder()}/run`;
  await runCli(['train', ...toyRun({ epochs: 2 }), '--workers', '0', '--out', run]);
  const shown = await runCli(['look', run, '--example', '3']);
  expect(shown.code).toBe(0);
  expect(shown.stdout).toMatch(/^Example 3 of the test set, .*, after step \d+:\n/);
  expect(shown.stdout).toMatch(/The net says .* Its loss for this example is \d\.\d{4}\./);
  expect(shown.stdout).toMatch(/\n {2}dense1 /);
  for (const set of ['test', 'validation', 'training']) {
    const { stdout } = await runCli(['look', run, '--set', set, '--json']);
    const { event, outputs, targets, label } = JSON.parse(stdout);
    expect(event).toBe('look');
    expect(targets[label]).toBe(1);
    expect(outputs.reduce((sum: number, output: number) => sum + output)).toBeCloseTo(1, 5);
  }
  const hardest = await runCli(['look', run, '--hardest', '--set', 'validation', '--json']);
  const { example, loss } = JSON.parse(hardest.stdout);
  for (let i = 0; i < 5; i++) {
    const other = await runCli([
      'look',
      run,
      '--example',
      String(i),
      '--set',
      'validation',
      '--json',
    ]);
    expect(JSON.parse(other.stdout).loss).toBeLessThanOrEqual(loss);
  }
  const same = await runCli([
    'look',
    run,
    '--example',
    `${example}`,
    '--set',
    'validation',
    '--json',
  ]);
  expect(JSON.parse(same.stdout).loss).toBe(loss);
  for (const [flags, message] of REFUSED) {
    const { code, stderr } = await runCli(['look', run, ...flags]);
    expect(code).not.toBe(0);
    expect(stderr).toMatch(message);
    expect(stderr.trim().split('\n').length).toBeLessThan(4);
  }
});
