import { describe, expect, test } from 'vitest';
import { inTime } from '../../../../coordinator/export/in-time.ts';
import { openFigures } from '../../../../coordinator/export/run-figures.ts';
import type { StepRecord } from '../../../../coordinator/training/ledger.ts';
import type { EpochRecord } from '../../../../coordinator/training/progress.ts';
import { epochOf, figuresFolder, LAST_WRITE, stepOf } from '../../../support/toy-figures.ts';

/** "kind number at seconds-before-the-last-write", for each record. */
async function timesOf(
  steps: readonly StepRecord[],
  epochs: readonly EpochRecord[],
): Promise<string[]> {
  const found: string[] = [];
  for await (const timed of inTime(await openFigures(await figuresFolder(steps, epochs)))) {
    const number =
      timed.kind === 'start' ? 0 : timed.kind === 'step' ? timed.record.step : timed.record.epoch;
    found.push(`${timed.kind} ${number} at ${(timed.wallTime - LAST_WRITE).toFixed(1)}`);
  }
  return found;
}

const range = (from: number, to: number) =>
  Array.from({ length: to - from }, (_, i) => stepOf(from + i));

describe('records in time', () => {
  test('end with the last write, and leave an epoch its evaluation', async () => {
    expect(await timesOf(range(0, 8), [epochOf(1), epochOf(2)])).toEqual([
      'start 0 at -1.2',
      'step 0 at -1.1',
      'step 1 at -1.0',
      'step 2 at -0.9',
      'step 3 at -0.8',
      'epoch 1 at -0.6',
      'step 4 at -0.5',
      'step 5 at -0.4',
      'step 6 at -0.3',
      'step 7 at -0.2',
      'epoch 2 at 0.0',
    ]);
  });

  test('of an epoch that has not ended end with its last step', async () => {
    expect((await timesOf(range(0, 6), [epochOf(1)])).slice(-3)).toEqual([
      'epoch 1 at -0.2',
      'step 4 at -0.1',
      'step 5 at 0.0',
    ]);
  });

  test('never go back, though a process ended an epoch of which it made few steps', async () => {
    const times = await timesOf(range(0, 5), [epochOf(1, { seconds: 0.05 })]);
    expect(times.slice(4)).toEqual(['step 3 at -0.1', 'epoch 1 at -0.1', 'step 4 at 0.0']);
  });

  test('may begin in the middle of a run', async () => {
    expect(await timesOf(range(6, 8), [epochOf(2)])).toEqual([
      'start 0 at -0.6',
      'step 6 at -0.5',
      'step 7 at -0.4',
      'epoch 2 at 0.0',
    ]);
  });
});
