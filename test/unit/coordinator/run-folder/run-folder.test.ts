import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { findCheckpoint } from '../../../../coordinator/run-folder/find-checkpoint.ts';
import { stepOfName } from '../../../../coordinator/run-folder/run-files.ts';
import {
  continueRunFolder,
  createRunFolder,
} from '../../../../coordinator/run-folder/run-folder.ts';
import { temporaryFolder } from '../../../support/temporary-folder.ts';
import { checkpointAt } from '../../../support/toy-checkpoint.ts';
import {
  context,
  create,
  description,
  metricsOf,
  stepsIn,
} from '../../../support/toy-run-folder.ts';

describe('a run folder', () => {
  test('keeps the newest three checkpoints and the best one', async () => {
    const folder = await create(join(temporaryFolder(), 'run'));
    for (const step of [10, 20, 30, 40, 50]) await folder.saveCheckpoint(checkpointAt(step, 20));
    await folder.close();
    expect(readdirSync(join(folder.directory, 'checkpoints')).sort()).toEqual([
      'step-00000020.safetensors',
      'step-00000030.safetensors',
      'step-00000040.safetensors',
      'step-00000050.safetensors',
    ]);
    expect((await findCheckpoint(folder.directory)).checkpoint).toEqual(checkpointAt(50, 20));
    expect(JSON.parse(readFileSync(join(folder.directory, 'config.json'), 'utf8'))).toEqual(
      description,
    );
  });

  test('that already holds a run is not overwritten', async () => {
    const out = temporaryFolder();
    const folder = await create(out);
    await folder.saveCheckpoint(checkpointAt(1));
    await folder.close();
    await expect(create(out)).rejects.toThrow(`--out ${out} already holds a run`);
  });

  test('may be begun in again if its start was broken off before a checkpoint', async () => {
    const out = temporaryFolder();
    const broken = await create(out);
    broken.appendMetrics(metricsOf(0));
    await broken.close();
    const folder = await create(out);
    folder.appendMetrics(metricsOf(0));
    await folder.close();
    expect(stepsIn(out)).toEqual([0]);
    const [aside] = readdirSync(join(out, 'set-aside'));
    expect(stepsIn(join(out, 'set-aside', aside))).toEqual([0]);
  });

  test('with another program’s config.json is left alone', async () => {
    const out = temporaryFolder();
    writeFileSync(join(out, 'config.json'), '{"theirs":1}');
    await expect(create(out)).rejects.toThrow(`${join(out, 'config.json')} is not the config`);
    expect(readFileSync(join(out, 'config.json'), 'utf8')).toBe('{"theirs":1}');
  });

  test('that cannot be written causes an error that names it', async () => {
    const file = join(temporaryFolder(), 'file');
    writeFileSync(file, '');
    const out = join(file, 'run');
    await expect(create(out)).rejects.toThrow(`cannot read the folder ${out}`);
  });

  test('skips a truncated or altered checkpoint for an earlier one, with a notice', async () => {
    const folder = await create(temporaryFolder());
    for (const step of [10, 20, 30]) await folder.saveCheckpoint(checkpointAt(step));
    await folder.close();
    const newest = folder.checkpointPath(30);
    writeFileSync(newest, readFileSync(newest).subarray(0, 1000));
    const older = folder.checkpointPath(20);
    const altered = readFileSync(older);
    altered[altered.length - 3] ^= 1;
    writeFileSync(older, altered);
    const found = await findCheckpoint(folder.directory);
    expect(found.checkpoint.step).toBe(10);
    expect(found.skipped).toEqual([
      expect.stringMatching(
        /cannot use the checkpoint .*step-00000030.*not a whole safetensors file.*the one before/,
      ),
      expect.stringMatching(/step-00000020.*does not match its SHA-256 digest/),
    ]);
  });

  test('without a usable checkpoint causes an error', async () => {
    const folder = await create(temporaryFolder());
    await folder.close();
    await expect(findCheckpoint(folder.directory)).rejects.toThrow(
      `has no checkpoint yet: begin it with --resume ${folder.directory}`,
    );
    writeFileSync(folder.checkpointPath(5), 'torn');
    await expect(findCheckpoint(folder.directory)).rejects.toThrow(
      'none of the checkpoints (1) of the run',
    );
    await expect(findCheckpoint(folder.checkpointPath(5))).rejects.toThrow('it has only 4 bytes');
    await expect(findCheckpoint('/no/such/run')).rejects.toThrow(
      'cannot read the checkpoint /no/such/run',
    );
  });

  test('sets later records aside and removes half-written files after a crash', async () => {
    const folder = await create(temporaryFolder());
    for (let step = 0; step < 25; step++) folder.appendMetrics(metricsOf(step));
    await folder.saveCheckpoint(checkpointAt(20));
    await folder.close();
    const metrics = join(folder.directory, 'metrics.jsonl');
    writeFileSync(metrics, '{"step":25,"lo', { flag: 'a' });
    writeFileSync(
      join(folder.directory, 'checkpoints', '.step-00000030.safetensors.ab.tmp'),
      'half',
    );

    const found = await findCheckpoint(folder.directory);
    const again = await continueRunFolder(undefined, found, description, false, context);
    again.appendMetrics(metricsOf(20));
    await again.close();
    expect(again.directory).toBe(folder.directory);
    expect(stepsIn(again.directory)).toEqual(Array.from({ length: 21 }, (_, step) => step));
    expect(readdirSync(join(folder.directory, 'checkpoints'))).toEqual([
      'step-00000020.safetensors',
    ]);
  });

  test('keeps the checkpoint that it began with', async () => {
    const begun = { ...description, firstStep: 5 };
    const folder = await createRunFolder(temporaryFolder(), begun, context);
    for (const step of [5, 10, 20, 30, 40]) await folder.saveCheckpoint(checkpointAt(step));
    await folder.close();
    const steps = readdirSync(join(folder.directory, 'checkpoints')).map(stepOfName);
    expect(steps.sort((a, b) => a - b)).toEqual([5, 20, 30, 40]);
  });

  test('is by default a new folder in runs/, and no two get the same one', async () => {
    const before = process.cwd();
    process.chdir(temporaryFolder());
    try {
      const folders = await Promise.all(Array.from({ length: 5 }, () => create()));
      for (const folder of folders) {
        expect(folder.directory).toMatch(/runs\/\d{4}-\d\d-\d\d_\d\d-\d\d-\d\d/);
        await folder.close();
      }
      expect(new Set(folders.map(({ directory }) => directory)).size).toBe(5);
    } finally {
      process.chdir(before);
    }
  });
});
