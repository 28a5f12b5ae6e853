import { describe, expect, test } from 'vitest';
import {
  bucketOf,
  createStepHistory,
  meanLoss,
  merge,
  OTHER_RANKS,
  type RecordedStep,
  type StepBucket,
  type StepHistory,
  speedOf,
} from '../../../../../coordinator/dashboard/steps/step-history.ts';
import { createDraws } from '../../../../support/simulation/draws.ts';

const LIMITS = { exactMin: 8, bucketsMax: 32 };
const breakdown = {
  ...{ compute: 8, slowest: 7, broadcast: 6, serialise: 5, wire: 4, reduce: 3, update: 2 },
  between: 1,
};

/** A step whose numbers can be added without rounding. */
const recorded = (step: number, overrides: Partial<RecordedStep> = {}): RecordedStep => ({
  step,
  endedAt: 1000 + step,
  examples: 128,
  milliseconds: 36,
  loss: 1 + (step % 8) / 4,
  accuracy: (step % 4) / 4,
  learningRate: 1 / (step + 1),
  worldSize: 1 + (step % 3),
  breakdown: step % 5 === 0 ? undefined : breakdown,
  shares: new Map([
    [step % 4, 10],
    [-1, 6],
  ]),
  ...overrides,
});

const stepsFrom = (from: number, count: number): StepBucket[] =>
  Array.from({ length: count }, (_, i) => bucketOf(recorded(from + i)));

const mergeAll = (buckets: readonly StepBucket[]): StepBucket => buckets.reduce(merge);

/** A history that got the steps one by one, as the coordinator's does. */
function historyOf(first: number, count: number, limits = LIMITS): StepHistory {
  const history = createStepHistory(limits);
  for (const bucket of stepsFrom(first, count)) history.add([bucket]);
  return history;
}

function expectNoGaps(buckets: readonly StepBucket[]): void {
  expect(buckets.slice(1).map(({ from }) => from)).toEqual(buckets.slice(0, -1).map((b) => b.to));
}

describe('a bucket', () => {
  test('of one step has its numbers', () => {
    expect(bucketOf(recorded(6))).toEqual({
      ...{ from: 6, to: 7, endedAt: 1006, examples: 128, milliseconds: 36 },
      ...{ lossSum: 2.5 * 128, lossMin: 2.5, lossMax: 2.5, correctCount: 64 },
      ...{ learningRate: 1 / 7, worldSizeMin: 1, worldSizeMax: 1 },
      ...{ timedSteps: 1, parts: [8, 7, 6, 5, 4, 3, 2, 1], shares: { 2: 10, '-1': 6 } },
    });
  });

  test('counts the highest ranks together', () => {
    const shares = new Map([
      [OTHER_RANKS - 1, 1],
      [OTHER_RANKS, 2],
      [OTHER_RANKS + 7, 3],
    ]);
    expect(bucketOf(recorded(0, { shares })).shares).toEqual({ 15: 1, 16: 5 });
  });

  test('without known parts has none that count', () => {
    const { timedSteps, parts } = bucketOf(recorded(0));
    expect([timedSteps, parts]).toEqual([0, [0, 0, 0, 0, 0, 0, 0, 0]]);
  });

  test('of several steps has sums, ends, smallest and largest values', () => {
    expect(mergeAll(stepsFrom(4, 3))).toEqual({
      ...{ from: 4, to: 7, endedAt: 1006, examples: 384, milliseconds: 108 },
      ...{ lossSum: 128 * (2 + 2.25 + 2.5), lossMin: 2, lossMax: 2.5, correctCount: 32 + 64 },
      ...{ learningRate: 1 / 7, worldSizeMin: 1, worldSizeMax: 3 },
      ...{ timedSteps: 2, parts: [16, 14, 12, 10, 8, 6, 4, 2] },
      shares: { 0: 10, 1: 10, 2: 10, '-1': 18 },
    });
  });

  test('has a mean loss and a speed', () => {
    const bucket = mergeAll(stepsFrom(4, 3));
    expect(meanLoss(bucket)).toBe(2.25);
    expect(speedOf(bucket)).toBeCloseTo((384 / 108) * 1000);
    expect(speedOf({ ...bucket, milliseconds: 0 })).toBe(0);
  });
});

describe('a history', () => {
  test('is empty at first', () => {
    const history = createStepHistory();
    expect([history.end, history.all(), history.from(0)]).toEqual([0, [], []]);
  });

  test.for([0, 5, 4097])('from step %i on keeps all sums, and no step is lost', (first) => {
    for (const count of [1, 7, 8, 16, 100, 1000, 5000]) {
      const history = historyOf(first, count);
      const buckets = history.all();
      expect([buckets[0].from, history.end]).toEqual([first, first + count]);
      expectNoGaps(buckets);
      expect(mergeAll(buckets)).toEqual(mergeAll(stepsFrom(first, count)));
    }
  });

  test('keeps the newest steps one by one', () => {
    for (const count of [8, 15, 16, 777]) {
      const newest = historyOf(3, count).all().slice(-LIMITS.exactMin);
      expect(newest).toEqual(stepsFrom(3 + count - LIMITS.exactMin, LIMITS.exactMin));
    }
  });

  test('has buckets of 2^level steps, on multiples of that', () => {
    const old = historyOf(0, 3000)
      .all()
      .slice(0, -2 * LIMITS.exactMin);
    const [{ from, to }] = old;
    const size = to - from;
    expect(Math.log2(size) % 1).toBe(0);
    for (const bucket of old.slice(0, -1))
      expect([bucket.from % size, bucket.to % size]).toEqual([0, 0]);
  });

  test('replaces the buckets that new ones overlap', () => {
    const history = historyOf(0, 40);
    const altered = stepsFrom(35, 10).map((bucket) => ({ ...bucket, examples: 1 }));
    history.add(altered);
    expect(history.end).toBe(45);
    expectNoGaps(history.all());
    expect(history.from(35)).toEqual(altered);
    history.add([mergeAll(stepsFrom(0, 60))]);
    expect(history.all()).toEqual([mergeAll(stepsFrom(0, 60))]);
  });

  test('gives the buckets that have a step from a certain one on', () => {
    const history = historyOf(0, 500);
    const all = history.all();
    for (const step of [0, 1, 17, 250, 499, 500])
      expect(history.from(step)).toEqual(all.filter(({ to }) => to > step));
    expect(history.from(500)).toEqual([]);
  });

  test('has the same buckets on both sides, whatever a page has missed', () => {
    for (const first of [0, 13, 5000]) {
      const draws = createDraws(first);
      const coordinator = createStepHistory(LIMITS);
      const page = createStepHistory(LIMITS);
      const late = createStepHistory(LIMITS);
      for (let step = first; step < first + 4000; step++) {
        coordinator.add([bucketOf(recorded(step))]);
        if (draws.chance(1 / 10)) page.add(coordinator.from(page.end));
        if (draws.chance(1 / 700)) late.add(coordinator.from(late.end));
      }
      for (const side of [page, late]) {
        side.add(coordinator.from(side.end));
        expect(side.all()).toEqual(coordinator.all());
      }
      const whole = createStepHistory(LIMITS);
      whole.add(coordinator.all());
      expect(whole.all()).toEqual(coordinator.all());
      // And it stays so.
      for (const bucket of stepsFrom(coordinator.end, 1000)) {
        coordinator.add([bucket]);
        whole.add([bucket]);
      }
      expect(whole.all()).toEqual(coordinator.all());
    }
  });

  test('of a million steps has no more buckets than it may have', () => {
    const history = createStepHistory();
    const step = bucketOf(recorded(1));
    let most = 0;
    for (let from = 0; from < 1_000_000; from++) {
      history.add([{ ...step, from, to: from + 1 }]);
      if (from % 1000 === 0) most = Math.max(most, history.all().length);
    }
    expect(most).toBeLessThanOrEqual(1024 + 2 * 256);
    const all = history.all();
    expect(all.length).toBeGreaterThan(512);
    expectNoGaps(all);
    const { from, to, examples, timedSteps, shares } = mergeAll(all);
    expect({ from, to, examples, timedSteps, shares }).toEqual({
      ...{ from: 0, to: 1e6, examples: 128e6, timedSteps: 1e6 },
      shares: { 1: 10e6, '-1': 6e6 },
    });
    expect(history.from(999_999)).toEqual([{ ...step, from: 999_999, to: 1e6 }]);
  });
});
