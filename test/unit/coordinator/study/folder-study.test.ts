import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { expect, test } from 'vitest';
import { encodeCheckpoint } from '../../../../coordinator/run-folder/checkpoint.ts';
import { studyFolder } from '../../../../coordinator/study/folder-study.ts';
import { temporaryFolder } from '../../../support/temporary-folder.ts';
import { checkpointAt, config } from '../../../support/toy-checkpoint.ts';

const signal = new AbortController().signal;

function folderWith(...steps: number[]): string {
  const folder = temporaryFolder();
  for (const step of steps) {
    const file = `${folder}/checkpoints/step-${String(step).padStart(8, '0')}.safetensors`;
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, encodeCheckpoint(checkpointAt(step)));
  }
  return folder;
}

test('a folder gives the parameters of its checkpoints', async () => {
  const study = studyFolder(folderWith(30, 4), { config }, signal);
  expect(await study.keptSteps()).toEqual([4, 30]);
  expect((await study.newest()).step).toBe(30);
  expect((await study.kept(4)).parameters).toEqual(checkpointAt(4).parameters);
  await expect(study.kept(5)).rejects.toThrow('step 5 has no checkpoint');
});

test('a folder has no gradients', () => {
  const study = studyFolder(folderWith(4), { config }, signal);
  expect(study.layersAfter(-1)).toEqual({ isMeasured: false, samples: [] });
});

test('a folder without checkpoints says so', async () => {
  const study = studyFolder(temporaryFolder(), { config }, signal);
  await expect(study.newest()).rejects.toThrow('the run has no checkpoint yet');
});

test('a folder whose dataset is not here says so each time', async () => {
  const study = studyFolder(folderWith(4), { config }, signal);
  for (const turn of [1, 2]) await expect(study.dataset(), String(turn)).rejects.toThrow(/toy/i);
});
