import { readdirSync, readFileSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { tensorboardFormat } from '../../../../coordinator/export/tensorboard-format.ts';
import { readEvents } from '../../../support/event-file-reader.ts';
import { temporaryFolder } from '../../../support/temporary-folder.ts';
import {
  epochOf,
  epochWithErrors,
  figuresFolder,
  LAST_WRITE,
  stepOf,
  stepWithErrors,
} from '../../../support/toy-figures.ts';

const context = { signal: new AbortController().signal, replace: false };

describe('the event file of a run', () => {
  test('has all steps and epochs, by tag and in time', async () => {
    const run = await figuresFolder(
      [0, 1, 2, 3].map((i) => stepOf(i)),
      [epochOf(1)],
    );
    const out = join(temporaryFolder(), 'logs');
    const { files, facts, advice } = await tensorboardFormat.write(run, out, context);
    expect(facts).toEqual({ steps: 4, epochs: 1, isDone: false });
    expect(advice).toMatch(/^Look at them with: tensorboard --logdir .*logs$/);
    expect(readdirSync(out).map((name) => join(out, name))).toEqual(files);
    // TensorBoard looks for this part of the name.
    expect(files[0]).toContain('tfevents');

    const [first, ...events] = readEvents(readFileSync(files[0]));
    expect(first).toMatchObject({ version: 'brain.Event:2', wallTime: LAST_WRITE - 0.6 });
    expect(events.map(({ step }) => step)).toEqual([0, 1, 2, 3, 4]);
    expect(events[2].values).toEqual({
      'loss/train': Math.fround(1 / 5),
      'accuracy/train': 0.5,
      learning_rate: Math.fround(0.1),
      examples_per_second: 960,
      world_size: 2,
    });
    expect(events[4]).toMatchObject({ wallTime: LAST_WRITE });
    expect(events[4].values).toEqual({
      'loss/validation': 0.25,
      'accuracy/validation': 0.875,
      'loss/test': 0.125,
      'accuracy/test': Math.fround(0.9),
    });
    const times = [first, ...events].map(({ wallTime }) => wallTime);
    expect(times).toEqual(times.toSorted((a, b) => a - b));
  });

  test('has errors in place of accuracies if the target is a number', async () => {
    const steps = [0, 1, 2, 3].map((step) => ({ ...stepWithErrors, step }));
    const run = await figuresFolder(steps, [epochWithErrors], { isRegression: true });
    const { files } = await tensorboardFormat.write(run, join(run, 'logs'), context);
    const [, step, , , , epoch] = readEvents(readFileSync(files[0]));
    expect(step.values).toMatchObject({ 'rmse/train': 2, 'mae/train': 1.5, 'r2/train': -0.25 });
    expect(epoch.values).toMatchObject({ 'rmse/validation': 2, 'rmse/test': 3 });
    expect(Object.keys({ ...step.values, ...epoch.values }).join()).not.toContain('accuracy');
  });

  test('has no value where there is none', async () => {
    const withoutValidation = { validationLoss: null, validationAccuracy: null };
    const steps = [0, 1, 2, 3].map((i) => stepOf(i, { milliseconds: 0 }));
    const run = await figuresFolder(steps, [epochOf(1, withoutValidation)]);
    const { files } = await tensorboardFormat.write(run, join(run, 'logs'), context);
    const [, step, , , , epoch] = readEvents(readFileSync(files[0]));
    expect(Object.keys(step.values)).not.toContain('examples_per_second');
    expect(Object.keys(epoch.values)).toEqual(['loss/test', 'accuracy/test']);
  });

  test('takes the place of an earlier one if that is asked for', async () => {
    const run = await figuresFolder([stepOf(0)], []);
    const out = tensorboardFormat.defaultOut(run);
    expect(out).toBe(join(run, 'tensorboard'));
    const { files } = await tensorboardFormat.write(run, out, context);
    utimesSync(join(run, 'metrics.jsonl'), LAST_WRITE + 60, LAST_WRITE + 60);
    await expect(tensorboardFormat.write(run, out, context)).rejects.toMatchObject({
      code: 'FILE',
      message: expect.stringMatching(/\.lockstep is there already: --force replaces it, or/),
    });
    expect(readdirSync(out)).toHaveLength(1);
    const again = await tensorboardFormat.write(run, out, { ...context, replace: true });
    // Two files would be one curve.
    expect(readdirSync(out).map((name) => join(out, name))).toEqual(again.files);
    expect(again.files).not.toEqual(files);
  });

  test('never takes the place of another program’s, nor one beside it', async () => {
    const run = await figuresFolder([stepOf(0)], []);
    writeFileSync(join(run, 'events.out.tfevents.1700000000.host.1.0'), '');
    const writing = tensorboardFormat.write(run, run, { ...context, replace: true });
    await expect(writing).rejects.toMatchObject({
      code: 'FILE',
      message: expect.stringMatching(/\.host\.1\.0 is of another program: choose another --out/),
    });
  });
});
