import { mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import {
  findCheckpoint,
  loadCheckpoint,
} from '../../../../coordinator/run-folder/find-checkpoint.ts';
import type { DoneRecord } from '../../../../coordinator/run-folder/run-description.ts';
import { continueRunFolder } from '../../../../coordinator/run-folder/run-folder.ts';
import { writeVerification } from '../../../../coordinator/run-folder/verification.ts';
import type { EpochRecord, EpochResult } from '../../../../coordinator/training/progress.ts';
import { temporaryFolder } from '../../../support/temporary-folder.ts';
import { checkpointAt } from '../../../support/toy-checkpoint.ts';
import {
  context,
  create,
  description,
  metricsOf,
  said,
  stepsIn,
} from '../../../support/toy-run-folder.ts';

const names = (...steps: number[]) => steps.map((step) => `step-000000${step}.safetensors`);

describe('a run folder that continues from an earlier checkpoint', () => {
  test('sets aside what lies after it', async () => {
    const folder = await create(temporaryFolder());
    for (let step = 0; step < 40; step++) folder.appendMetrics(metricsOf(step));
    for (const epoch of [1, 2, 3, 4]) folder.appendEpoch({ epoch } as EpochRecord);
    for (const step of [10, 20, 30, 40]) await folder.saveCheckpoint(checkpointAt(step, 10));
    // An event has the number of updates at its time: the one of step 20 is kept.
    for (const step of [0, 20, 21, 40, 40]) folder.appendEvent({ step });
    await folder.saveDone({ steps: 40 } as DoneRecord);
    await folder.close();
    const verification = { time: '', isPassed: true, message: null, recomputedSteps: 0 };
    const checked = { ...verification, steps: 40, firstStep: 0, chain: null };
    await writeVerification(folder.directory, checked);

    const { directory } = folder;
    const kept = checkpointAt(20, 10);
    const last = { ...kept.progress.best, epoch: 2 } as EpochResult;
    const found = {
      checkpoint: { ...kept, progress: { ...kept.progress, last } },
      file: folder.checkpointPath(20),
      runDirectory: directory,
      skipped: [],
    };
    said.length = 0;
    const again = await continueRunFolder(undefined, found, description, false, context);
    await again.saveCheckpoint(checkpointAt(25, 10));
    await again.close();

    const [name] = readdirSync(join(directory, 'set-aside'));
    const aside = join(directory, 'set-aside', name);
    expect(said).toEqual([
      `set aside what lies after step 20, in ${aside}: 20 records, 2 checkpoints, 3 events, ` +
        'how the run ended',
    ]);
    expect(stepsIn(directory)).toEqual(Array.from({ length: 20 }, (_, step) => step));
    expect(stepsIn(aside)).toEqual(Array.from({ length: 20 }, (_, index) => 20 + index));
    const epochsIn = (where: string) => readFileSync(join(where, 'epochs.jsonl'), 'utf8');
    expect(epochsIn(directory)).toBe('{"epoch":1}\n{"epoch":2}\n');
    expect(epochsIn(aside)).toBe('{"epoch":3}\n{"epoch":4}\n');
    const eventsIn = (where: string) => readFileSync(join(where, 'events.jsonl'), 'utf8');
    expect(eventsIn(directory)).toBe('{"step":0}\n{"step":20}\n');
    expect(eventsIn(aside)).toBe('{"step":21}\n{"step":40}\n{"step":40}\n');
    const logs = ['epochs.jsonl', 'events.jsonl', 'metrics.jsonl'];
    const others = ['checkpoints', 'config.json', 'done.json', ...logs, 'verified.json'];
    expect(readdirSync(aside).sort()).toEqual(others);
    expect(readdirSync(directory)).not.toContain('verified.json');
    expect(readdirSync(join(aside, 'checkpoints')).sort()).toEqual(names(10, 20, 30, 40));
    const begun = JSON.parse(readFileSync(join(aside, 'config.json'), 'utf8'));
    expect(begun).toEqual({ ...description, firstStep: 20 });
    expect(readdirSync(join(directory, 'checkpoints')).sort()).toEqual(names(10, 20, 25));
  });

  test('sets nothing aside if nothing lies after it', async () => {
    const folder = await create(temporaryFolder());
    for (let step = 0; step < 20; step++) folder.appendMetrics(metricsOf(step));
    await folder.saveCheckpoint(checkpointAt(20));
    await folder.saveDone({ steps: 20, modelStep: 20 } as DoneRecord);
    await folder.close();
    const found = await findCheckpoint(folder.directory);
    await (await continueRunFolder(undefined, found, description, true, context)).close();
    expect(readdirSync(folder.directory)).not.toContain('set-aside');
    expect(readdirSync(folder.directory)).toContain('done.json');
  });

  test('changes nothing if its records cannot be read', async () => {
    const folder = await create(temporaryFolder());
    for (const step of [10, 20]) await folder.saveCheckpoint(checkpointAt(step));
    await folder.close();
    const { directory } = folder;
    rmSync(join(directory, 'metrics.jsonl'));
    mkdirSync(join(directory, 'metrics.jsonl'));
    const found = await findCheckpoint(folder.checkpointPath(10));
    const again = continueRunFolder(undefined, found, description, false, context);
    await expect(again).rejects.toThrow(`cannot read ${join(directory, 'metrics.jsonl')}: EISDIR`);
    expect(readdirSync(join(directory, 'checkpoints'))).toHaveLength(2);
    expect(readdirSync(directory)).not.toContain('set-aside');
    expect(readdirSync(directory)).not.toContain('coordinator.lock');
  });

  test('says at once if the best epoch’s checkpoint is not there', async () => {
    const folder = await create(temporaryFolder());
    await folder.saveCheckpoint(checkpointAt(20, 10));
    await folder.close();
    said.length = 0;
    const found = await findCheckpoint(folder.directory);
    const early = { ...description, stopRule: { epochs: 3, earlyStopping: 2 } };
    await (await continueRunFolder(undefined, found, early, false, context)).close();
    expect(said).toEqual([
      expect.stringMatching(/the best epoch .* step 10, .*step-00000010.* is not there: unless/),
    ]);
  });
});

describe('a run that continues in another folder', () => {
  test('gets the records and the checkpoint, and the first folder stays as it was', async () => {
    const folder = await create(temporaryFolder());
    for (let step = 0; step < 30; step++) folder.appendMetrics(metricsOf(step));
    for (const step of [10, 20, 30]) await folder.saveCheckpoint(checkpointAt(step));
    for (const step of [10, 20, 30]) folder.appendEvent({ step });
    await folder.close();
    const before = readdirSync(folder.directory, { recursive: true });
    const found = await findCheckpoint(folder.checkpointPath(20));
    // A start that was broken off there is no obstacle.
    const out = join(temporaryFolder(), 'out');
    const broken = await create(out);
    broken.appendMetrics(metricsOf(0));
    await broken.close();
    const again = await continueRunFolder(out, found, description, false, context);
    await again.close();
    expect(stepsIn(out)).toEqual(Array.from({ length: 20 }, (_, step) => step));
    expect(readFileSync(join(out, 'events.jsonl'), 'utf8')).toBe('{"step":10}\n{"step":20}\n');
    expect(again.pastBytes.events).toBe('{"step":10}\n{"step":20}\n'.length);
    expect(again.pastBytes.metrics).toBeGreaterThan(0);
    expect(readdirSync(join(out, 'checkpoints'))).toEqual(names(20));
    expect(readdirSync(folder.directory, { recursive: true })).toEqual(before);
  });

  test('receives the best checkpoint of a run that resumes from another folder', async () => {
    const folder = await create(temporaryFolder());
    await folder.saveCheckpoint(checkpointAt(10, 10));
    await folder.saveCheckpoint(checkpointAt(20, 10));
    await folder.close();
    const out = temporaryFolder();
    const other = await continueRunFolder(
      out,
      await findCheckpoint(folder.checkpointPath(20)),
      description,
      false,
      context,
    );
    await other.close();
    expect(other.directory).toBe(out);
    expect((await loadCheckpoint(other.checkpointPath(10))).step).toBe(10);
  });
});
