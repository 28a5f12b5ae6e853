import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { type Checkpoint, decodeCheckpoint, encodeCheckpoint } from '../../coordinator/checkpoint.ts';
import type { StepRecord } from '../../coordinator/ledger.ts';
import {
  continueRunFolder,
  createRunFolder,
  findCheckpoint,
  loadCheckpoint,
} from '../../coordinator/run-folder.ts';
import { parameterCount } from '../../shared/engine/model-spec.ts';
import { LockstepError } from '../../shared/errors.ts';
import { createDraws } from '../support/draws.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { createToyDataset } from '../support/toy-dataset.ts';
import { toyConfig } from '../support/toy-run.ts';

const config = toyConfig(createToyDataset());
const length = parameterCount(config.model);

function checkpointAt(step: number, bestStep?: number): Checkpoint {
  const draws = createDraws(step);
  const result = {
    ...{ epoch: 1, trainLoss: 0.1, trainAccuracy: 0.9 },
    ...{ validationLoss: 0.2, validationAccuracy: 0.8, testLoss: 0.3, testAccuracy: 0.7 },
  };
  return {
    config,
    step,
    progress: {
      ...{ lossSum: 1 / 3, correctCount: 5, exampleCount: 7, chain: 'c' },
      ...(bestStep !== undefined && { best: { ...result, step: bestStep } }),
    },
    stopRule: { epochs: 3, earlyStopping: 2 },
    parameters: draws.floats(length),
    optimizerState: { velocity: draws.floats(length) },
  };
}

const metricsOf = (step: number) => ({ step, loss: 1 }) as StepRecord;

describe('a checkpoint', () => {
  const file = encodeCheckpoint(checkpointAt(12));

  test('comes back as it was, to the last bit', () => {
    expect(decodeCheckpoint(file)).toEqual(checkpointAt(12));
  });

  test('is a safetensors file with the tensors under their names', () => {
    const headerLength = Number(new DataView(file.buffer).getBigUint64(0, true));
    const header = JSON.parse(new TextDecoder().decode(file.subarray(8, 8 + headerLength)));
    expect(Object.keys(header)).toEqual([
      '__metadata__',
      'dense1.weight',
      'dense1.bias',
      'dense2.weight',
      'dense2.bias',
      'optimizer.velocity.dense1.weight',
      'optimizer.velocity.dense1.bias',
      'optimizer.velocity.dense2.weight',
      'optimizer.velocity.dense2.bias',
    ]);
    expect(header['dense1.weight']).toEqual({ dtype: 'F32', shape: [20, 7], data_offsets: [0, 560] });
    expect((8 + headerLength) % 8).toBe(0);
  });

  test('cut off anywhere is refused, and with nothing but a checkpoint error', () => {
    for (let end = 0; end < file.length; end += 7) {
      expect(() => decodeCheckpoint(file.subarray(0, end))).toThrow(LockstepError);
    }
  });

  test('with any bit flipped is refused', () => {
    const draws = createDraws(3);
    for (let trial = 0; trial < 3000; trial++) {
      const damaged = file.slice();
      const at = draws.integer(0, file.length - 1);
      damaged[at] ^= 1 << draws.integer(0, 7);
      try {
        // A flip among the spaces that fill up the header changes nothing.
        expect(decodeCheckpoint(damaged), `byte ${at}`).toEqual(checkpointAt(12));
        expect(file[at]).toBe(0x20);
      } catch (error) {
        expect(error, `byte ${at}: ${error}`).toBeInstanceOf(LockstepError);
      }
    }
  });

  test('of a later format is refused with the versions', () => {
    const text = Buffer.from(file).toString('latin1');
    const later = Buffer.from(text.replace('"formatVersion":"2"', '"formatVersion":"3"'), 'latin1');
    expect(() => decodeCheckpoint(later)).toThrow('format version 3, this Lockstep reads 2');
  });
});

describe('a run folder', () => {
  test('keeps the newest three checkpoints and the best one', async () => {
    const folder = await createRunFolder(join(temporaryFolder(), 'run'), config, { epochs: 3 });
    for (const step of [10, 20, 30, 40, 50]) await folder.saveCheckpoint(checkpointAt(step, 20));
    folder.close();
    expect(readdirSync(join(folder.directory, 'checkpoints')).sort()).toEqual([
      'step-00000020.safetensors',
      'step-00000030.safetensors',
      'step-00000040.safetensors',
      'step-00000050.safetensors',
    ]);
    expect((await findCheckpoint(folder.directory)).checkpoint).toEqual(checkpointAt(50, 20));
    expect(JSON.parse(readFileSync(join(folder.directory, 'config.json'), 'utf8'))).toEqual({
      config,
      stopRule: { epochs: 3 },
    });
  });

  test('that holds a run is not written over', async () => {
    const out = temporaryFolder();
    (await createRunFolder(out, config, { epochs: 3 })).close();
    await expect(createRunFolder(out, config, { epochs: 3 })).rejects.toThrow(
      `--out ${out} already holds a run`,
    );
  });

  test('that cannot be written to is an error that names it', async () => {
    const file = join(temporaryFolder(), 'file');
    writeFileSync(file, '');
    const out = join(file, 'run');
    await expect(createRunFolder(out, config, { epochs: 3 })).rejects.toThrow(
      `cannot read the folder ${out}`,
    );
  });

  test('falls back to the checkpoint before a torn, truncated or altered one, and says so', async () => {
    const folder = await createRunFolder(temporaryFolder(), config, { epochs: 3 });
    for (const step of [10, 20, 30]) await folder.saveCheckpoint(checkpointAt(step));
    folder.close();
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
        /cannot use the checkpoint .*step-00000030.*not a whole safetensors file.*The one before/,
      ),
      expect.stringMatching(/step-00000020.*does not have the digest/),
    ]);
  });

  test('without a usable checkpoint is an error', async () => {
    const folder = await createRunFolder(temporaryFolder(), config, { epochs: 3 });
    folder.close();
    await expect(findCheckpoint(folder.directory)).rejects.toThrow('no checkpoints in');
    writeFileSync(folder.checkpointPath(5), 'torn');
    await expect(findCheckpoint(folder.directory)).rejects.toThrow('no checkpoint of 1 is whole');
    await expect(findCheckpoint(folder.checkpointPath(5))).rejects.toThrow('it has only 4 bytes');
    await expect(findCheckpoint('/no/such/run')).rejects.toThrow('cannot read the checkpoint /no/such/run');
  });

  test('goes on after a crash: later metrics and half-written files are dropped', async () => {
    const folder = await createRunFolder(temporaryFolder(), config, { epochs: 3 });
    for (let step = 0; step < 25; step++) folder.appendMetrics(metricsOf(step));
    await folder.saveCheckpoint(checkpointAt(20));
    folder.close();
    const metrics = join(folder.directory, 'metrics.jsonl');
    writeFileSync(metrics, '{"step":25,"lo', { flag: 'a' });
    writeFileSync(join(folder.directory, 'checkpoints', '.step-00000030.safetensors.ab.tmp'), 'half');

    const found = await findCheckpoint(folder.directory);
    const again = await continueRunFolder(undefined, found);
    again.appendMetrics(metricsOf(20));
    again.close();
    expect(again.directory).toBe(folder.directory);
    const steps = readFileSync(metrics, 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line).step);
    expect(steps).toEqual(Array.from({ length: 21 }, (_, step) => step));
    expect(readdirSync(join(folder.directory, 'checkpoints'))).toEqual(['step-00000020.safetensors']);
  });

  test('resumed into another folder takes the best checkpoint along', async () => {
    const folder = await createRunFolder(temporaryFolder(), config, { epochs: 3 });
    await folder.saveCheckpoint(checkpointAt(10, 10));
    await folder.saveCheckpoint(checkpointAt(20, 10));
    folder.close();
    const out = temporaryFolder();
    const other = await continueRunFolder(out, await findCheckpoint(folder.checkpointPath(20)));
    other.close();
    expect(other.directory).toBe(out);
    expect((await loadCheckpoint(other.checkpointPath(10))).step).toBe(10);
  });

  test('is a new one in runs/, named after the time, unless it is given', async () => {
    const before = process.cwd();
    const directory = temporaryFolder();
    mkdirSync(join(directory, 'runs'));
    process.chdir(directory);
    try {
      const first = await createRunFolder(undefined, config, { epochs: 3 });
      const second = await createRunFolder(undefined, config, { epochs: 3 });
      first.close();
      second.close();
      expect(first.directory).toMatch(/runs\/\d{4}-\d\d-\d\d_\d\d-\d\d-\d\d/);
      expect(second.directory).not.toBe(first.directory);
    } finally {
      process.chdir(before);
    }
  });
});
