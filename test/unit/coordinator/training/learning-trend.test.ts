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

const trendOf = (...losses: Losses[]) => trendWith(5000, losses);

function trendWith(validationExamples: number, losses: readonly Losses[]) {
  const trend = learningTrend(epochs(losses), validationExamples);
  return 'best' in trend ? [trend.kind, trend.best.epoch, trend.last.epoch] : trend.kind;
}

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

  test('is not overfitting by what a few held-out examples give by chance', () => {
    // Those of a run with 14 held-out examples, which was right for 97 % of the test examples.
    const losses = [
      [0.31, 0.5849],
      [0.3, 0.62],
      [0.297, 0.6],
      [0.296, 0.61],
      [0.295, 0.5992],
    ] as const;
    expect(trendWith(14, losses)).toEqual(['stalled', 1, 5]);
    expect(trendWith(5000, losses)).toEqual(['stalled', 1, 5]);
    const apart = losses.map(
      ([training, validation], i): Losses => [training / (i + 1), validation],
    );
    expect(trendWith(14, apart)).toEqual(['stalled', 1, 5]);
    const rising = apart.map(([training, loss], i): Losses => [training, (loss ?? 0) + i / 5]);
    expect(trendWith(14, rising)).toEqual(['overfitting', 1, 5]);
  });

  test('is not overfitting while the training loss stands still', () => {
    const losses = [0.5, 0.55, 0.6, 0.65, 0.7].map((loss): Losses => [0.3, loss]);
    expect(trendOf(...losses)).toEqual(['stalled', 1, 5]);
  });

  test('begins anew with an epoch that is better than all before', () => {
    expect(trendOf([0.9, 0.5], [0.8, 0.6], [0.7, 0.7], [0.6, 0.4])).toBe('falling');
  });

  test('ignores epochs whose validation loss is unknown', () => {
    expect(trendOf([0.9, null], [0.8, 0.5], [0.7, 0.6])).toEqual(['stalled', 2, 3]);
  });
});
