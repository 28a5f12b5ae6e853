import { describe, expect, test } from 'vitest';
import { learningTrend } from '../../../../coordinator/training/learning-trend.ts';
import type { EpochResult } from '../../../../coordinator/training/progress.ts';

type Losses = readonly [training: number, validation: number | null];

/** Epochs with these losses. */
const epochs = (losses: readonly Losses[]): EpochResult[] =>
  losses.map(([trainLoss, validationLoss], i) => ({
    ...{ epoch: i + 1, step: 10 * (i + 1), trainLoss, trainAccuracy: 0.5, validationLoss },
    ...{ validationAccuracy: validationLoss && 0.5, testLoss: 1, testAccuracy: 0.5 },
  }));

const trendOf = (...losses: Losses[]) => {
  const trend = learningTrend(epochs(losses));
  return 'best' in trend ? [trend.kind, trend.best.epoch, trend.last.epoch] : trend.kind;
};

describe('the trend of a run', () => {
  test('is unknown before the first epoch and without held-out examples', () => {
    expect(trendOf()).toBe('unknown');
    expect(trendOf([0.9, null], [0.8, null])).toBe('unknown');
  });

  test('falls while the last epoch is the best', () => {
    expect(trendOf([0.9, 0.8])).toBe('falling');
    expect(trendOf([0.9, 0.8], [0.7, 0.9], [0.6, 0.7])).toBe('falling');
  });

  test('stalls since the best epoch', () => {
    expect(trendOf([0.9, 0.8], [0.7, 0.8])).toEqual(['stalled', 1, 2]);
    expect(trendOf([0.9, 0.7], [0.7, 0.6], [0.5, 0.7])).toEqual(['stalled', 2, 3]);
  });

  test('is overfitting when the losses have parted for three epochs', () => {
    const parted = [
      [0.9, 0.8],
      [0.7, 0.6],
      [0.5, 0.7],
    ] as const;
    expect(trendOf(...parted, [0.4, 0.75])).toEqual(['stalled', 2, 4]);
    const longer = [...parted, [0.4, 0.75]] as const;
    expect(trendOf(...longer, [0.3, 0.8])).toEqual(['overfitting', 2, 5]);
    expect(trendOf(...longer, [0.7, 0.8])).toEqual(['stalled', 2, 5]);
    expect(trendOf(...longer, [0.3, 0.62])).toEqual(['stalled', 2, 5]);
  });

  test('is not overfitting while a loss that jumps up and down falls on average', () => {
    // Those of a run with 3,000 training examples, whose epochs 11, 15 and 22 were better still.
    const jumps = [0.84, 0.638, 0.598, 0.557, 0.543, 0.5, 0.489, 0.518, 0.496, 0.499];
    const losses = jumps.map((loss, epoch): Losses => [0.9 - epoch / 20, loss]);
    expect(trendOf(...losses)).toEqual(['stalled', 7, 10]);
    expect(trendOf(...losses, [0.3, 0.53], [0.25, 0.56])).toEqual(['overfitting', 7, 12]);
  });

  test('begins anew with an epoch that is better than all before', () => {
    expect(trendOf([0.9, 0.5], [0.8, 0.6], [0.7, 0.7], [0.6, 0.4])).toBe('falling');
  });

  test('ignores epochs whose validation loss is unknown', () => {
    expect(trendOf([0.9, null], [0.8, 0.5], [0.7, 0.6])).toEqual(['stalled', 2, 3]);
  });
});
