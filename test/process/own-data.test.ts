import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { runCli, runToDone, startCli } from '../support/processes/cli.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { TOY_SHAPE, writeTable, writeToyDataset } from '../support/toy-dataset.ts';

const COMMON = ['--epochs', '2', '--global-batch', '96', '--micro-batches', '16'];

/** A kind of data, the folder that holds it, and the flags of a run. */
const KINDS = {
  'color images': {
    write: (folder: string) => writeToyDataset(folder, { ...TOY_SHAPE, height: 8, channels: 3 }),
    flags: ['--model', 'cnn-small', '--augment', 'flip=0.5,shift=1,erase=0.5'],
  },
  'a table with classes': { write: (folder: string) => writeTable(folder, 5), flags: [] },
  numbers: { write: (folder: string) => writeTable(folder), flags: ['--loss', 'huber'] },
} as const;

function flagsOf(name: keyof typeof KINDS): string[] {
  const folder = temporaryFolder();
  KINDS[name].write(folder);
  return ['--data-dir', folder, ...KINDS[name].flags, ...COMMON];
}

const names = Object.keys(KINDS) as (keyof typeof KINDS)[];

describe.for(names)('training on %s', (name) => {
  test.for(['f32', 'bf16'])(
    'has the same hash for any workers and threads, in %s',
    async (wire) => {
      const flags = [...flagsOf(name), '--wire', wire];
      const hashes: string[] = [];
      for (const [workers, threads] of [
        ['0', '1'],
        ['0', '2'],
        ['1', '2'],
        ['3', '1'],
      ]) {
        const one = ['train', ...flags, '--workers', workers, '--threads', threads];
        hashes.push((await runToDone(one)).parametersSha256);
      }
      expect(new Set(hashes).size).toBe(1);
    },
  );

  test('goes on after a stop to the same hash, and verifies', async () => {
    const flags = ['train', ...flagsOf(name), '--workers', '0', '--threads', '1'];
    const out = join(temporaryFolder(), 'run');
    const whole = await runToDone([...flags, '--out', out]);
    const part = join(temporaryFolder(), 'part');
    await runToDone([...flags, '--out', part, '--steps', '5']);
    const { parametersSha256 } = await runToDone(['train', '--resume', part, '--workers', '2']);
    expect(parametersSha256).toBe(whole.parametersSha256);
    const { code, stdout } = await runCli(['verify', out, '--full']);
    expect([code, stdout]).toEqual([0, expect.stringContaining('matches its records')]);
    const evaluated = JSON.parse((await runCli(['evaluate', out, '--json'])).stdout);
    expect(evaluated.testAccuracy).toBe(whole.testAccuracy);
    for (const each of ['rmse', 'mae', 'r2'] as const)
      if (whole.testErrors)
        expect(evaluated.testErrors[each]).toBeCloseTo(whole.testErrors[each], 3);
  });

  test('works with a worker that gets the data by their digests', async () => {
    const flags = flagsOf(name);
    const expected = await runToDone(['train', ...flags, '--workers', '0']);
    const run = startCli(['coordinator', ...flags, '--port', '0', '--json']);
    const { url } = await run.next('listening');
    const cwd = temporaryFolder();
    const worker = startCli(['worker', url], { cwd });
    const done = await run.next('done');
    expect(done.parametersSha256).toBe(expected.parametersSha256);
    expect(done.worldSize).toBe(1);
    await worker.ended;
    const cache = join(cwd, 'lockstep');
    expect(existsSync(cache) && readdirSync(cache)).toHaveLength(4);
  });
});

describe('flags that do not fit the data', () => {
  test.for([
    ['numbers', ['--loss', 'cross-entropy'], 'the target of table, "price", is a number'],
    ['numbers', ['--label-smoothing', '0.1'], '--label-smoothing 0.1 is for classes'],
    ['a table with classes', ['--loss', 'huber'], 'table has 5 classes: use cross-entropy'],
    ['a table with classes', ['--augment', 'flip'], 'table has rows of 6 features: leave it out'],
    [
      'numbers',
      ['--model', 'cnn'],
      'need images, but table has rows of 6 features: use --model mlp',
    ],
  ] as const)('of %s are refused: %j', async ([name, flags, message]) => {
    const { code, stderr } = await runCli(['train', ...flagsOf(name), ...flags]);
    expect([code, stderr]).toEqual([expect.any(Number), expect.stringContaining(message)]);
    expect(code).not.toBe(0);
    expect(stderr.trim().split('\n')).toHaveLength(1);
  });
});
