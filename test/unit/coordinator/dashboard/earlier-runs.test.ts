import { mkdirSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { createEarlierRuns } from '../../../../coordinator/dashboard/earlier-runs.ts';
import type { EpochRecord } from '../../../../coordinator/training/progress.ts';
import { temporaryFolder } from '../../../support/temporary-folder.ts';
import { description } from '../../../support/toy-run-folder.ts';

const epoch = (number: number): EpochRecord => ({
  ...{ epoch: number, step: 10 * number, trainLoss: 1 / number, trainAccuracy: 0.5 },
  ...{ validationLoss: 2 / number, validationAccuracy: 0.4, testLoss: 1, testAccuracy: 0.3 },
  seconds: 1.5,
});
const done = {
  ...{ steps: 20, epochs: 2, modelStep: 20, isStoppedEarly: false, trainLoss: 0.5 },
  ...{ testAccuracy: 0.875, parametersSha256: 'aa', totalSeconds: 3.25 },
};
const linesOf = (count: number): string =>
  Array.from({ length: count }, (_, i) => `${JSON.stringify(epoch(i + 1))}\n`).join('');

/** A folder with runs, of which one asks for the others. */
function runsFolder() {
  const parent = temporaryFolder();
  function write(name: string, files: Record<string, string | object>, time = 1000): void {
    mkdirSync(join(parent, name), { recursive: true });
    for (const [file, content] of Object.entries(files)) {
      const text = typeof content === 'string' ? content : JSON.stringify(content);
      writeFileSync(join(parent, name, file), text);
      utimesSync(join(parent, name, file), time, time);
    }
  }
  const run = (epochs: string | object) => ({ 'config.json': description, 'epochs.jsonl': epochs });
  write('own', run(linesOf(1)));
  return { parent, write, run, read: createEarlierRuns(() => join(parent, 'own')) };
}

describe('the runs beside a run', () => {
  test('are read with their epochs and their end', async () => {
    const { write, run, read } = runsFolder();
    write('first', { ...run(linesOf(2)), 'done.json': done });
    expect(await read()).toEqual([
      {
        name: 'first',
        model: expect.stringMatching(/^\d+(-\d+)+$/),
        optimizer: description.config.optimizer.name,
        learningRate: description.config.learningRate.peak,
        globalBatch: description.config.globalBatch,
        epochs: [1, 2].map((number) => {
          const { testLoss, ...rest } = epoch(number);
          return rest;
        }),
        testAccuracy: 0.875,
        totalSeconds: 3.25,
      },
    ]);
  });

  test('are the newest twelve, newest first, without the run itself', async () => {
    const { write, run, read } = runsFolder();
    for (let i = 0; i < 20; i++) write(`run-${i}`, run(linesOf(1)), 1000 + i);
    const names = (await read()).map(({ name }) => name);
    expect(names).toEqual(Array.from({ length: 12 }, (_, i) => `run-${19 - i}`));
  });

  test('are read again when they have changed', async () => {
    const { write, run, read } = runsFolder();
    write('live', run(linesOf(1)), 1000);
    const [before] = await read();
    expect((await read())[0]).toBe(before);
    write('live', run(linesOf(2)), 1001);
    expect((await read())[0].epochs).toHaveLength(2);
    write('live', { 'done.json': done });
    expect((await read())[0].testAccuracy).toBe(0.875);
  });

  test('have 500 epochs at most, over their whole length', async () => {
    const { write, run, read } = runsFolder();
    write('long', run(linesOf(1201)));
    const [{ epochs }] = await read();
    expect(epochs.length).toBeLessThanOrEqual(500);
    expect([epochs[0].epoch, epochs[1].epoch, epochs.at(-1)?.epoch]).toEqual([3, 6, 1201]);
  });

  test('go without a last line that a crash has cut short', async () => {
    const { write, run, read } = runsFolder();
    write('torn', run(`${linesOf(2)}{"epoch":3,"st`));
    expect((await read())[0].epochs).toHaveLength(2);
  });

  test('leave out folders that hold no run', async () => {
    const { parent, write, run, read } = runsFolder();
    write('whole', run(linesOf(1)));
    write('no config', { 'epochs.jsonl': linesOf(1) });
    write('no epochs', { 'config.json': description });
    write('bad config', { ...run(linesOf(1)), 'config.json': '{"config":{}}' });
    write('bad end', { ...run(linesOf(1)), 'done.json': '{}' });
    write('bad line', run('{"epoch":1}\n'));
    write('no text', run('\u0000\u0001\n'));
    write('huge', run(`${linesOf(1)}${' '.repeat(2 ** 21)}`));
    writeFileSync(join(parent, 'a file'), '');
    mkdirSync(join(parent, 'a folder', 'epochs.jsonl'), { recursive: true });
    symlinkSync(join(parent, 'whole'), join(parent, 'a link'));
    expect((await read()).map(({ name }) => name)).toEqual(['whole']);
  });

  test('show no character of their names that a terminal obeys', async () => {
    const { write, run, read } = runsFolder();
    write('a\u001b[31mb\u202e', run(linesOf(1)));
    expect((await read())[0].name).toBe('a\\u001b[31mb\\u202e');
  });

  test('are none before the run has a folder, and none if the folder above is gone', async () => {
    expect(await createEarlierRuns(() => undefined)()).toEqual([]);
    expect(await createEarlierRuns(() => join(temporaryFolder(), 'no', 'run'))()).toEqual([]);
  });

  test('are read once for all who ask at the same time', async () => {
    const { write, run, read } = runsFolder();
    write('first', run(linesOf(1)));
    const [a, b] = await Promise.all([read(), read()]);
    expect(a).toBe(b);
  });
});
