import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { findModel } from '../../../../coordinator/run-folder/find-checkpoint.ts';
import type { DoneRecord } from '../../../../coordinator/run-folder/run-description.ts';
import { temporaryFolder } from '../../../support/temporary-folder.ts';
import { checkpointAt } from '../../../support/toy-checkpoint.ts';
import { create } from '../../../support/toy-run-folder.ts';

/** A run with early stopping, whose best epoch ended with the step `best`. */
async function runWith(best: number | undefined, done?: DoneRecord): Promise<string> {
  const folder = await create(temporaryFolder());
  for (const step of [10, 20, 30, 40, 50]) await folder.saveCheckpoint(checkpointAt(step, best));
  if (done) await folder.saveDone(done);
  await folder.close();
  return folder.directory;
}

const done: DoneRecord = {
  steps: 50,
  epochs: 5,
  modelStep: 40,
  isStoppedEarly: true,
  trainLoss: 1,
  testAccuracy: 0.5,
  parametersSha256: 'a',
  totalSeconds: 1,
};

const stepOf = async (directory: string, step?: number) =>
  (await findModel(directory, step)).checkpoint.step;

describe('the model of a run', () => {
  test('is the one that the end of the run has named', async () => {
    expect(await stepOf(await runWith(10, done))).toBe(40);
  });

  test('is the best epoch’s before the end, with early stopping, if there is one', async () => {
    expect(await stepOf(await runWith(10))).toBe(10);
    expect(await stepOf(await runWith(undefined))).toBe(50);
  });

  test('is the newest one, with a notice, if the best epoch’s is gone', async () => {
    const directory = await runWith(10);
    rmSync(join(directory, 'checkpoints', 'step-00000010.safetensors'));
    const { checkpoint, skipped } = await findModel(directory);
    expect(checkpoint.step).toBe(50);
    expect(skipped).toEqual([expect.stringMatching(/best epoch.*step-00000010.*newest/)]);
  });

  test('gives way to another checkpoint of the run, by its step', async () => {
    const directory = await runWith(10, done);
    expect(await stepOf(directory, 30)).toBe(30);
    await expect(findModel(directory, 20)).rejects.toThrow(
      /--checkpoint 20: .*step-00000020.* There are those of steps 10, 30, 40, 50/,
    );
  });

  test('is an error that lists the others if it is gone', async () => {
    const directory = await runWith(10, { ...done, modelStep: 25 });
    await expect(findModel(directory)).rejects.toThrow(
      /the run's model: .*step-00000025.* not there.*10, 30, 40, 50/,
    );
  });

  test('is an error that says what to do if there is none yet', async () => {
    const directory = temporaryFolder();
    await (await create(directory)).close();
    await expect(findModel(directory)).rejects.toThrow(/has no checkpoint yet: begin it with --re/);
    await expect(findModel(temporaryFolder())).rejects.toThrow(/holds no run and no checkpoints/);
  });
});
