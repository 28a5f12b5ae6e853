import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import {
  compareWith,
  neighborRoutes,
  placeOf,
  runsBeside,
} from '../../../../coordinator/replay/proof.ts';
import { writeDescription } from '../../../../coordinator/run-folder/run-description.ts';
import { RecordedHistory } from '../../../support/recorded-history.ts';
import { temporaryFolder } from '../../../support/temporary-folder.ts';
import { createToyDataset } from '../../../support/toy-dataset.ts';
import { toyConfig } from '../../../support/toy-run.ts';

const DESCRIPTION = { stopRule: { epochs: 1 }, firstStep: 0 };

/** Runs in one folder: two that differ from step 60 on, one with the beginning, and no runs. */
function workplace() {
  const parent = temporaryFolder();
  const make = (name: string, run: RecordedHistory) => {
    const directory = join(parent, name);
    mkdirSync(directory);
    writeFileSync(join(directory, 'config.json'), '{}');
    run.writeTo(directory);
    return directory;
  };
  const run = new RecordedHistory();
  run.train(100);
  const mine = make('mine', run);
  const other = new RecordedHistory();
  other.train(60);
  other.chain = 'another one';
  other.train(20);
  make('other', other);
  const short = new RecordedHistory();
  short.train(30);
  make('short', short);
  mkdirSync(join(parent, 'no run'));
  make('empty', new RecordedHistory());
  symlinkSync(mine, join(parent, 'link'));
  writeFileSync(join(parent, 'file'), '');
  return { parent, mine, run };
}

describe('the runs beside a run', () => {
  test('are the folders with a configuration, without links', async () => {
    const { mine } = workplace();
    expect(await runsBeside(mine)).toEqual(['short', 'other', 'empty']);
  });

  test.for(['../mine', 'mine', 'link', '.', '', 'no run', '/etc', 'short/../other'])(
    'have no run %j',
    async (name) => {
      const { mine } = workplace();
      await expect(compareWith(mine, name)).rejects.toMatchObject({
        code: 'USAGE',
        message: `there is no run ${JSON.stringify(name)} beside this one: choose another.`,
      });
    },
  );
});

describe('two runs', () => {
  test('are equal up to the step before they differ', async () => {
    const { mine } = workplace();
    expect(await compareWith(mine, 'other')).toMatchObject({
      compared: [1, 80],
      equalTo: 60,
      mine: 100,
      other: 80,
    });
  });

  test('are equal as far as the shorter one goes', async () => {
    const { mine } = workplace();
    expect(await compareWith(mine, 'short')).toMatchObject({ compared: [1, 30], equalTo: 30 });
  });

  test('have nothing in common if one has no step', async () => {
    const { mine } = workplace();
    expect(await compareWith(mine, 'empty')).toMatchObject({ compared: null, equalTo: null });
  });
});

test('two runs of different configurations differ for that reason', async () => {
  const { mine, parent } = workplace();
  const config = toyConfig(createToyDataset());
  const describe = (directory: string, seed: number) =>
    writeDescription(directory, { ...DESCRIPTION, config: { ...config, seed } });
  await describe(mine, 1);
  expect(await compareWith(mine, 'other')).toMatchObject({ differences: null });
  await describe(join(parent, 'other'), 2);
  expect(await compareWith(mine, 'other')).toMatchObject({ differences: ['seed (1 and 2)'] });
});

describe('a hash', () => {
  test('is found as the chain after a step', async () => {
    const { mine, run } = workplace();
    const { chain } = run.metrics[41];
    expect(await placeOf(mine, ` ${chain.toUpperCase()} `)).toEqual({ kind: 'chain', step: 42 });
    expect(await placeOf(mine, 'a'.repeat(64))).toBeUndefined();
  });

  test('has 32 or 64 hexadecimal digits', async () => {
    const { mine } = workplace();
    await expect(placeOf(mine, '"}')).rejects.toThrow(/^"\\"}" is no hash: a chain or SHA-256 has/);
  });
});

test('a run without a folder cannot be compared yet', async () => {
  const prove = neighborRoutes(() => undefined).get('/api/proof');
  await expect(prove?.(new URLSearchParams())).rejects.toThrow('the run has no folder yet');
});
