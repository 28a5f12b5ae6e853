import { appendFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import {
  describeFigures,
  examplesPerSecond,
  openFigures,
} from '../../../../coordinator/export/run-figures.ts';
import type { StepRecord } from '../../../../coordinator/training/ledger.ts';
import { temporaryFolder } from '../../../support/temporary-folder.ts';
import { epochOf, figuresFolder, LAST_WRITE, stepOf } from '../../../support/toy-figures.ts';

async function stepsOf(steps: AsyncIterable<StepRecord>): Promise<number[]> {
  const found: number[] = [];
  for await (const { step } of steps) found.push(step);
  return found;
}

const failure = (code: string, message: RegExp) =>
  expect.objectContaining({ code, message: expect.stringMatching(message) });

describe('the figures of a run', () => {
  test('are its records, and can be read twice', async () => {
    const folder = await figuresFolder(
      [0, 1, 2, 3].map((i) => stepOf(i)),
      [epochOf(1)],
    );
    const figures = await openFigures(folder);
    expect(figures).toMatchObject({
      epochs: [epochOf(1)],
      lastWriteMs: LAST_WRITE * 1000,
      isDone: false,
    });
    expect(await stepsOf(figures.steps())).toEqual([0, 1, 2, 3]);
    expect(await stepsOf(figures.steps())).toEqual([0, 1, 2, 3]);
  });

  test('are there before the first epoch ends, and while a line is being written', async () => {
    const folder = await figuresFolder([stepOf(0)], [], { torn: '{"step":1,"epo' });
    rmSync(join(folder, 'epochs.jsonl'));
    const figures = await openFigures(folder);
    expect(figures.epochs).toEqual([]);
    expect(await stepsOf(figures.steps())).toEqual([0]);
  });

  test('grow while the run trains', async () => {
    const folder = await figuresFolder([stepOf(0)], []);
    const { steps } = await openFigures(folder);
    appendFileSync(join(folder, 'metrics.jsonl'), `${JSON.stringify(stepOf(1))}\n`);
    expect(await stepsOf(steps())).toEqual([0, 1]);
  });

  test('tell whether the run has ended', async () => {
    const folder = await figuresFolder([stepOf(0)], [], { isDone: true });
    const { isDone } = await openFigures(folder);
    expect(isDone).toBe(true);
    const counts = { steps: 5160, epochs: 1 };
    expect(describeFigures(counts, true)).toEqual({
      facts: { ...counts, isDone: true },
      summary: 'Wrote 5,160 steps and 1 epoch',
    });
    expect(describeFigures(counts, false).summary).toBe(
      'Wrote 5,160 steps and 1 epoch so far: the run has not ended',
    );
  });

  test('need the folder of a run', async () => {
    const folder = temporaryFolder();
    await expect(openFigures(folder)).rejects.toEqual(
      failure('FILE', /holds no run: give the folder of a run\.$/),
    );
    await expect(openFigures(join(folder, 'nowhere'))).rejects.toEqual(
      failure('FILE', /nowhere holds no run/),
    );
    const file = join(folder, 'file');
    writeFileSync(file, '');
    await expect(openFigures(file)).rejects.toEqual(failure('FILE', /file is a file: give the/));
  });

  test.for([
    ['no file', undefined],
    ['an empty one', ''],
    ['half a line', '{"step":0,'],
  ] as const)('need a step: %s is none', async ([, content]) => {
    const folder = await figuresFolder([], []);
    const metrics = join(folder, 'metrics.jsonl');
    if (content === undefined) rmSync(metrics);
    else writeFileSync(metrics, content);
    await expect(openFigures(folder)).rejects.toEqual(
      failure('FILE', /has no records yet: try again when it has trained a step\.$/),
    );
  });

  test('name the line that is no record', async () => {
    const folder = await figuresFolder([stepOf(0), stepOf(1)], [], { torn: '{"step":"x"}\n' });
    const { steps } = await openFigures(folder);
    await expect(stepsOf(steps())).rejects.toEqual(failure('VERIFY', /metrics\.jsonl, line 3 is/));
  });

  test('have no speed of a step that took no time', () => {
    expect(examplesPerSecond(stepOf(0))).toBe(960);
    expect(examplesPerSecond(stepOf(0, { milliseconds: 0 }))).toBeNull();
  });
});
