import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import {
  moveVerificationAfter,
  readVerification,
  type Verification,
  writeVerification,
} from '../../../../coordinator/run-folder/verification.ts';
import { temporaryFolder } from '../../../support/temporary-folder.ts';

const found: Verification = {
  ...{ time: '2026-01-31T00:00:00.000Z', isPassed: true, message: null },
  ...{ steps: 20, firstStep: 10, recomputedSteps: 5, chain: 'c' },
};

describe('a verification', () => {
  test('replaces the one before', async () => {
    const directory = temporaryFolder();
    expect(await readVerification(directory)).toBeUndefined();
    await writeVerification(directory, { ...found, isPassed: false, message: 'step 3: no.' });
    await writeVerification(directory, found);
    expect(await readVerification(directory)).toEqual(found);
  });

  test.for(['', '{', '7', '{"time":"x"}'])('is none if the file has %j', async (content) => {
    const directory = temporaryFolder();
    writeFileSync(join(directory, 'verified.json'), content);
    expect(await readVerification(directory)).toBeUndefined();
  });

  test('is moved with the steps that it is about', async () => {
    const [directory, aside] = [temporaryFolder(), temporaryFolder()];
    await writeVerification(directory, found);
    await moveVerificationAfter(30, directory, aside);
    expect(await readVerification(directory)).toEqual(found);
    await moveVerificationAfter(29, directory, aside);
    expect(existsSync(join(directory, 'verified.json'))).toBe(false);
    expect(await readVerification(aside)).toEqual(found);
    await moveVerificationAfter(29, directory, aside);
  });

  test('that cannot be written says where', async () => {
    const directory = join(temporaryFolder(), 'none');
    const path = join(directory, 'verified.json');
    await expect(writeVerification(directory, found)).rejects.toThrow(`cannot write ${path}`);
  });
});
