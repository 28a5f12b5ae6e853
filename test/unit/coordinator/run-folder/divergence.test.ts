import { execFileSync } from 'node:child_process';
import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import {
  assertNotDiverged,
  noteDivergence,
} from '../../../../coordinator/run-folder/divergence.ts';
import { temporaryFolder } from '../../../support/temporary-folder.ts';
import { createToyDataset } from '../../../support/toy-dataset.ts';
import { toyConfig } from '../../../support/toy-run.ts';

const config = toyConfig(createToyDataset());
const message = 'training diverged: the loss of step 12 is NaN. Lower --lr (3).';

async function divergedFolder(): Promise<string> {
  const folder = temporaryFolder();
  await noteDivergence(folder, { step: 12, message, config });
  return folder;
}

describe('a run that has diverged', () => {
  test('is not tried again, and says in which step it diverged', async () => {
    const folder = await divergedFolder();
    await expect(assertNotDiverged(folder, config, 13)).rejects.toMatchObject({
      code: 'DIVERGED',
      message: expect.stringContaining('the loss of step 12 is NaN. Lower --lr (3). Start a new'),
    });
  });

  test('may go on to a step before that one, and with another configuration', async () => {
    const folder = await divergedFolder();
    await assertNotDiverged(folder, config, 12);
    await assertNotDiverged(folder, { ...config, seed: config.seed + 1 }, 13);
  });

  test.for(['', '{', '{"step":-1}'])('is tried again if its note is %j', async (content) => {
    const folder = await divergedFolder();
    const [file] = readdirSync(folder);
    writeFileSync(join(folder, file), content);
    await assertNotDiverged(folder, config, 13);
  });

  test('is tried again if its note is no file that ends', async () => {
    const folder = temporaryFolder();
    execFileSync('mkfifo', [join(folder, 'diverged.json')]);
    await assertNotDiverged(folder, config, 13);
  });

  test('is tried again if its folder took no note', async () => {
    await noteDivergence('/nonexistent', { step: 12, message, config });
    await assertNotDiverged(temporaryFolder(), config, 13);
  });
});
