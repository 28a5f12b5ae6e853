import { describe, expect, test } from 'vitest';
import type { EarlierRun } from '../../../../../../coordinator/dashboard/model/earlier-run.ts';
import {
  createXAxis,
  earlierX,
  placesOf,
  pointAt,
  quantileOverAxis,
  rangeOf,
  smooth,
  stepPoints,
  thinBuckets,
  thinEpochs,
} from '../../../../../../coordinator/dashboard/page/learning/curve-series.ts';
import { createStepHistory } from '../../../../../../coordinator/dashboard/steps/step-history.ts';
import { toyBucket, toyEpoch, toyFacts } from '../../../../../support/toy-curves.ts';

const range = (length: number, from = 0) => Array.from({ length }, (_, i) => from + i);
const steps = { label: 'step', of: (step: number) => step };
const buckets = range(25).map((step) => toyBucket(step, 1));

describe('the x axis', () => {
  const placesOf = (unit: Parameters<typeof createXAxis>[0], ...steps: number[]) =>
    steps.map(createXAxis(unit, toyFacts, buckets).of);

  test('has steps, and epochs with parts', () => {
    expect(placesOf('step', 1, 25)).toEqual([1, 25]);
    expect(placesOf('epoch', 5, 10, 25)).toEqual([0.5, 1, 2.5]);
  });

  test('has exact numbers of examples, although the last step of an epoch has fewer', () => {
    expect(placesOf('examples', 1, 9, 10, 11, 20)).toEqual([100, 900, 950, 1050, 1900]);
  });

  test('has the time in steps, and no time for steps that nobody has measured', () => {
    expect(placesOf('seconds', 0, 1, 10, 25, 26)).toEqual([
      undefined,
      expect.closeTo(0.02),
      expect.closeTo(0.2),
      expect.closeTo(0.5),
      undefined,
    ]);
  });

  test('divides the time of several steps that are in one bucket', () => {
    const merged = thinBuckets(
      range(2048).map((step) => toyBucket(step, 1)),
      steps,
      2048,
      false,
    );
    expect(merged).toHaveLength(256);
    expect(createXAxis('seconds', toyFacts, merged).of(1022)).toBeCloseTo(20.44);
  });

  test('begins to count the time where a run goes on, and says so', () => {
    const facts = { ...toyFacts, firstStep: 1000 };
    const axis = createXAxis(
      'seconds',
      facts,
      range(5, 1000).map((step) => toyBucket(step, 1)),
    );
    expect(axis.label).toBe('seconds in training steps since step 1,000');
    expect([999, 1000, 1001, 1005].map(axis.of)).toEqual([
      undefined,
      undefined,
      expect.closeTo(0.02),
      expect.closeTo(0.1),
    ]);
  });
});

describe('a million steps', () => {
  const history = createStepHistory();
  for (let step = 0; step < 1_000_000; step++)
    history.add([toyBucket(step, 1 + (step % 2) / 2, 0.25)]);

  test.each([false, true])('are a few hundred points, logarithmic: %s', (isLogX) => {
    const axis = createXAxis('step', toyFacts, history.all());
    const points = stepPoints(history.all(), axis, history.end, isLogX);
    expect(points.length).toBeGreaterThan(150);
    expect(points.length).toBeLessThan(700);
    expect(points.at(-1)?.x).toBe(1_000_000);
    expect(points.reduce((sum, { steps }) => sum + steps, 0)).toBe(1_000_000);
    expect(points[0]).toMatchObject({ lossMin: 1, lossMax: 1.5, accuracy: 0.25 });
  });

  test('are the same points when some more steps are done', () => {
    const placesOf = (count: number) =>
      thinBuckets(
        range(count).map((step) => toyBucket(step, 1)),
        steps,
        count,
        false,
      ).map(({ to }) => to);
    const before = placesOf(1497).slice(0, -1);
    expect(before.length).toBeGreaterThan(100);
    expect(placesOf(1500).slice(0, before.length)).toEqual(before);
  });
});

test('a part of a long run has as many points on a logarithmic axis', () => {
  const late = range(2000, 1500).map((step) => toyBucket(step, 1));
  const { length } = stepPoints(late, steps, 2000, true);
  expect(length).toBeGreaterThan(200);
  expect(length).toBeLessThan(600);
});

test('a step whose loss is not finite has no point', () => {
  const axis = createXAxis('step', toyFacts, []);
  const points = stepPoints([toyBucket(0, Number.NaN), toyBucket(1, 2)], axis, 2, false);
  expect(points.map(({ x }) => x)).toEqual([2]);
});

test('of many epochs every so many one stays, and the last one', () => {
  expect(thinEpochs(range(5), 2)).toEqual([2, 4]);
  expect(thinEpochs(range(7), 3)).toEqual([2, 5, 6]);
  expect(thinEpochs(range(3), 3)).toEqual([0, 1, 2]);
  expect(thinEpochs([])).toEqual([]);
});

describe('smoothing', () => {
  test('keeps a straight line straight, up to its ends', () => {
    const places = range(300);
    const smoothed = smooth(
      places,
      places.map((x) => 2 * x),
      places.map(() => 1),
    );
    expect(smoothed[150]).toBeCloseTo(300);
    expect(Math.abs(smoothed[299] - 598)).toBeLessThan(8);
  });

  test('takes out what alternates, and weighs points by their steps', () => {
    const places = range(301);
    const values = places.map((x) => x % 2);
    const even = smooth(
      places,
      values,
      places.map(() => 1),
    );
    expect(even[150]).toBeCloseTo(0.5, 3);
    const weighed = smooth(
      places,
      values,
      places.map((x) => (x % 2 ? 3 : 1)),
    );
    expect(weighed[150]).toBeCloseTo(0.75, 3);
  });

  test('changes nothing where there is one point, or points far apart', () => {
    expect(smooth([5], [3], [1])).toEqual([3]);
    expect(smooth([0, 100, 200], [1, 2, 9], [1, 1, 1])).toEqual([1, 2, 9]);
  });
});

describe('the range of a linear axis', () => {
  test('leaves out the huge losses of a few first steps', () => {
    const places = range(1000);
    const values = places.map((x) => (x < 10 ? 50 : 1 + (x % 10) / 10));
    const [low, high] = rangeOf(places, values, []);
    expect(low).toBeGreaterThan(0.9);
    expect(high).toBeLessThan(2.1);
  });

  test('holds all values if none is far away', () => {
    const places = range(100);
    const [low, high] = rangeOf(
      places,
      places.map((x) => 1 - x / 200),
      [],
    );
    expect([low, high]).toEqual([expect.closeTo(0.48), expect.closeTo(1.025)]);
  });

  test('holds what is needed: the newest values of a run that diverges', () => {
    const places = range(1000);
    const [, high] = rangeOf(
      places,
      places.map((x) => (x > 995 ? 900 : 1)),
      [900],
    );
    expect(high).toBeGreaterThan(900);
  });

  test('is not empty for one value, for equal ones and for none', () => {
    for (const values of [[2], [2, 2, 2], [0]]) {
      const [low, high] = rangeOf(range(values.length), values, []);
      expect(low).toBeLessThan(values[0]);
      expect(high).toBeGreaterThan(values[0]);
    }
    expect(rangeOf([], [], [])).toEqual([0, 1]);
  });
});

test('a quantile counts a point by its part of the axis', () => {
  const places = [1, 2, 3, 100];
  expect(quantileOverAxis(places, [9, 8, 7, 1], 0.5)).toBe(1);
  expect(quantileOverAxis(places, [9, 8, 7, 1], 0.999)).toBe(8);
});

test('the x values of all lines are those of each, once, ascending', () => {
  const lines = [
    [
      [1, 10],
      [3, 30],
    ],
    [
      [2, 0.2],
      [3, 0.3],
    ],
    [],
  ] as const;
  expect(placesOf(lines)).toEqual([1, 2, 3]);
  expect(placesOf([])).toEqual([]);
});

test('the value at a place is that of the last point before it', () => {
  const points = [
    [1, 10],
    [3, 30],
  ] as const;
  expect([0.5, 1, 2.9, 3, 9].map((x) => pointAt(points, x)?.[1])).toEqual([
    undefined,
    10,
    10,
    30,
    30,
  ]);
});

test('another run has its own steps, examples and seconds', () => {
  const run: EarlierRun = {
    ...{ name: 'other', model: '4-2', optimizer: 'sgd', learningRate: 1, globalBatch: 50 },
    ...{ testAccuracy: null, totalSeconds: null },
    epochs: [toyEpoch(2, 1, 1), toyEpoch(4, 1, 1), toyEpoch(5, 1, 1)],
  };
  expect(earlierX(run, 'step')).toEqual([20, 40, 50]);
  expect(earlierX(run, 'epoch')).toEqual([2, 4, 5]);
  expect(earlierX(run, 'examples')).toEqual([1000, 2000, 2500]);
  expect(earlierX(run, 'seconds')).toEqual([1, 2, 2.5]);
});
