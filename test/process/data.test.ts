import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { runCli, runToDone } from '../support/processes/cli.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { writeToyDataset } from '../support/toy-dataset.ts';

test('lockstep data describe writes what --data-dir needs', async () => {
  const folder = join(temporaryFolder(), 'my data');
  mkdirSync(folder);
  const { files } = writeToyDataset(folder);
  rmSync(join(folder, 'dataset.json'));
  const describe = (...flags: string[]) => runCli(['data', 'describe', folder, ...flags]);

  const first = await describe('--classes', 'a,b,c');
  expect(first).toMatchObject({ code: 0, stderr: '' });
  expect(first.stdout).toContain(`npx lockstep train --data-dir '${folder}'`);
  const manifest = JSON.parse(readFileSync(join(folder, 'dataset.json'), 'utf8'));
  expect(manifest).toMatchObject({ name: 'my data', classNames: ['a', 'b', 'c'], files });
  await runToDone(['train', '--data-dir', folder, '--validation', '200', '--steps', '1']);

  const again = await describe();
  expect(again.code).toBe(1);
  expect(again.stderr).toContain('dataset.json is there already: --force replaces it.');
  expect(await describe('--force', '--name', 'toy')).toMatchObject({ code: 0 });
  const few = await describe('--force', '--classes', 'a,b');
  expect(few.stderr).toContain('is not one of the 2 classes');
  const many = await describe('--force', '--classes', 'a,b,c,d');
  expect(many).toMatchObject({ code: 2, stdout: '' });
  expect(many.stderr).toBe(
    'error: --classes a,b,c,d: these are 4 names, and the labels are 0 to 2. ' +
      'Give 3 names, from that of label 0 on.\n',
  );
});

test('lockstep summary and plan take another dataset, and need no other flag', async () => {
  const folder = temporaryFolder();
  writeToyDataset(folder);
  const json = async (...args: string[]) => {
    const { stdout, stderr } = await runCli([...args, '--data-dir', folder, '--json']);
    expect(stderr).toBe('');
    return JSON.parse(stdout);
  };
  const summary = await json('summary', '--layers', '7');
  expect(summary.parameters).toBe(20 * 7 + 7 + 7 * 3 + 3);
  const out = join(folder, 'plan');
  const plan = await json('plan', '--micro-batches', '6', '--out', out);
  const counts = plan.predictions.map(({ workers }: { workers: number }) => workers);
  expect(counts).toEqual([1, 2, 4]);
});
