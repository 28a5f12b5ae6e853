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

  test('is overfitting when the losses have parted for two epochs', () => {
    const parted = [
      [0.9, 0.8],
      [0.7, 0.6],
      [0.5, 0.7],
    ] as const;
    expect(trendOf(...parted, [0.4, 0.65])).toEqual(['overfitting', 2, 4]);
    expect(trendOf(...parted, [0.7, 0.65])).toEqual(['stalled', 2, 4]);
    expect(trendOf(...parted, [0.4, 0.6])).toEqual(['stalled', 2, 4]);
    expect(trendOf(...parted, [0.4, 0.605])).toEqual(['stalled', 2, 4]);
  });

  test('begins anew with an epoch that is better than all before', () => {
    expect(trendOf([0.9, 0.5], [0.8, 0.6], [0.7, 0.7], [0.6, 0.4])).toBe('falling');
  });

  test('ignores epochs whose validation loss is unknown', () => {
    expect(trendOf([0.9, null], [0.8, 0.5], [0.7, 0.6])).toEqual(['stalled', 2, 3]);
  });
});
