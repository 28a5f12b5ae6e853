import { describe, expect, test } from 'vitest';
import {
  nextPoint,
  speedupSeries,
  speedupTable,
  speedupTitle,
} from '../../../../../../coordinator/dashboard/page/cluster/speedup-text.ts';
import type { SpeedSummary } from '../../../../../../coordinator/dashboard/speed/speed-summary.ts';
import { toyView } from '../../../../../support/toy-view.ts';

const speed = (workers: number, examplesPerSecond: number, isDoubtful = false) => ({
  ...{ workers, steps: 100, examplesPerSecond, isDoubtful },
});
const summaryOf = (
  measured: SpeedSummary['measured'],
  base = 0,
  law: SpeedSummary['law'] = null,
): SpeedSummary => ({ measured, base, law, notes: [] });

describe('the title of the speedup', () => {
  const titleOf = (speedup: SpeedSummary | undefined, worldSize = 0) =>
    speedupTitle(toyView({ speedup, status: { worldSize } }));
  const three = summaryOf([speed(1, 1000), speed(2, 1900), speed(4, 3000)]);

  test('compares the workers that are here with the fewest', () => {
    expect(titleOf(three, 2)).toBe(
      '2 workers are 1.9 times as fast as 1: 1,900 examples/s on average.',
    );
  });

  test('compares the most workers, if those that are here are the fewest or not measured', () => {
    for (const worldSize of [1, 3])
      expect(titleOf(three, worldSize)).toMatch(/^4 workers are 3\.0 times as fast as 1: 3,000 /);
  });

  test('compares with the fewest that are not doubtful', () => {
    const doubtful = summaryOf([speed(1, 500, true), speed(2, 1900)], 1);
    expect(titleOf(doubtful, 2)).toBe(
      '1 worker is 0.3 times as fast as 2: 500 examples/s on average.',
    );
  });

  test('says so if only one number of workers was seen, or none', () => {
    expect(titleOf(summaryOf([speed(3, 1000)]), 3)).toMatch(
      /1,000 examples\/s on average with 3 workers; no/,
    );
    expect(titleOf(undefined)).toMatch(/^No speed is known yet/);
    expect(speedupTitle(toyView({ facts: { hasCluster: false } }))).toMatch(/^One process/);
  });
});

describe('the next point', () => {
  test('needs another worker, as long as there is work for one', () => {
    expect(nextPoint(toyView({ status: { worldSize: 15 } }))).toMatchObject({ hasCommand: true });
    expect(nextPoint(toyView({ status: { worldSize: 16 } }))).toEqual({
      text: expect.stringContaining('16 micro-batches'),
      hasCommand: false,
    });
  });

  test('does not come once the run is over, or without a cluster', () => {
    const end = { message: 'done', testAccuracy: 1, parametersSha256: '', totalSeconds: 1 };
    expect(nextPoint(toyView({ status: { end } }))).toBeUndefined();
    expect(nextPoint(toyView({ facts: { hasCluster: false } }))).toBeUndefined();
    expect(nextPoint(toyView({ facts: { isRecorded: true } }))).toBeUndefined();
  });
});

describe('the lines of the chart', () => {
  const law = { lambda: 1000, sigma: 0.1, kappa: 0 };
  const { to, top, ideal, ...lines } = speedupSeries(
    summaryOf([speed(2, 1800, true), speed(3, 2400), speed(7, 4000)], 1, law),
  );
  const alone = speedupSeries(summaryOf([speed(1, 10)]));

  test('go a little beyond the largest number of workers, and all of them have room', () => {
    expect([to, alone.to]).toEqual([11, 2]);
    expect(top).toBeCloseTo(1.05 * 8800);
    const fast = speedupSeries(summaryOf([speed(1, 10), speed(2, 50)]));
    expect(fast.top).toBeCloseTo(1.05 * 50);
  });

  test('are ideal through the base, and the law where it was measured', () => {
    expect(ideal).toEqual([
      [0, 0],
      [11, 8800],
    ]);
    expect([lines.law[0][0], lines.law.at(-1)?.[0]]).toEqual([2, 11]);
    expect(lines.law[0][1]).toBeCloseTo(2000 / 1.1);
    expect(alone.law).toEqual([]);
  });

  test('have each speed once, apart if it is doubtful', () => {
    expect(lines.sure).toEqual([
      [3, 2400],
      [7, 4000],
    ]);
    expect(lines.doubtful).toEqual([[2, 1800]]);
  });
});

test('the table has the speedups over the base', () => {
  const speedup = summaryOf([speed(1, 1000), speed(4, 3000)]);
  expect(speedupTable(toyView({ speedup })).rows).toEqual([
    [1, 100, 1000, 1],
    [4, 100, 3000, 3],
  ]);
  expect(speedupTable(toyView()).rows).toEqual([]);
});
