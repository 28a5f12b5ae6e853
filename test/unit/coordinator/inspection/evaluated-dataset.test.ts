import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { isOther, loadEvaluated } from '../../../../coordinator/inspection/evaluated-dataset.ts';
import { MANIFEST_FILE } from '../../../../shared/data/loading/load-dataset.ts';
import { temporaryFolder } from '../../../support/temporary-folder.ts';
import { createToyDataset, TOY_SHAPE, writeToyDataset } from '../../../support/toy-dataset.ts';
import { toyConfig } from '../../../support/toy-run.ts';

const dataset = createToyDataset();
const config = toyConfig(dataset);
const context = { signal: new AbortController().signal, report() {} };

function folderWith(change: Partial<typeof TOY_SHAPE> = {}): string {
  const folder = temporaryFolder();
  writeToyDataset(folder, { ...TOY_SHAPE, ...change });
  return folder;
}

describe('the dataset of an evaluation', () => {
  test('is that of the run, in a folder that is given or was remembered', async () => {
    const folder = folderWith();
    const remembered = await loadEvaluated(config, undefined, folder, context);
    const given = await loadEvaluated(config, folder, undefined, context);
    expect(remembered.test).toEqual(dataset.test);
    expect(given.test).toEqual(dataset.test);
    expect(isOther(given, config)).toBe(false);
  });

  test('is that of the run in a folder that does not describe it', async () => {
    const folder = folderWith();
    rmSync(join(folder, MANIFEST_FILE));
    expect((await loadEvaluated(config, folder, undefined, context)).test).toEqual(dataset.test);
  });

  test('may be another one that fits', async () => {
    const other = await loadEvaluated(config, folderWith({ testCount: 9 }), undefined, context);
    expect(other.test.count).toBe(9);
    expect(isOther(other, config)).toBe(true);
  });

  test.for([
    ['other pixels', { height: 5 }, 'has images of 5 × 5 pixels and 3 classes'],
    ['other classes', { classCount: 4 }, 'has images of 4 × 5 pixels and 4 classes'],
  ] as const)('must fit: %s', async ([, change, message]) => {
    const folder = folderWith(change);
    await expect(loadEvaluated(config, folder, undefined, context)).rejects.toThrow(
      `--data-dir ${folder} ${message}, but the model takes images of 4 × 5 pixels and has ` +
        '3 classes: give data that fit',
    );
  });

  test('is not looked for elsewhere than in the folder', async () => {
    const nowhere = join(temporaryFolder(), 'nowhere');
    await expect(loadEvaluated(config, nowhere, undefined, context)).rejects.toThrow(
      `--data-dir ${nowhere} is not a folder`,
    );
  });
});
