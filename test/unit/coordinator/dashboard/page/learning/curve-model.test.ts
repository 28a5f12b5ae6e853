import { describe, expect, test } from 'vitest';
import type { EarlierRun } from '../../../../../../coordinator/dashboard/model/earlier-run.ts';
import type { Incident } from '../../../../../../coordinator/dashboard/model/incident-log.ts';
import { emptyView } from '../../../../../../coordinator/dashboard/model/run-view.ts';
import {
  type Chart,
  type CurveOptions,
  curveModel,
  type Line,
} from '../../../../../../coordinator/dashboard/page/learning/curve-model.ts';
import type { EpochRecord } from '../../../../../../coordinator/training/progress.ts';
import { toyEpoch, toyFacts, toyView } from '../../../../../support/toy-curves.ts';

const options: CurveOptions = {
  xAxis: 'step',
  isLogX: false,
  isLogY: false,
  earlierRuns: [],
  shownRuns: new Set(),
};
const falling = Array.from({ length: 50 }, (_, i) => 2 / (1 + i / 10));
const pointsOf = (chart: Chart | undefined, which: Line['kind']) =>
  chart?.lines.find(({ kind }) => kind === which)?.points;
const incident = (kind: string, step: number, firstStep = step): Incident => ({
  ...{ id: step, revision: 1, time: 0, step, kind, message: kind, count: 1 },
  ...{ firstTime: 0, firstStep },
});

describe('the curves', () => {
  test('are not there before the first step', () => {
    expect(curveModel(emptyView(), options)).toBeUndefined();
    expect(curveModel(toyView([]), options)).toBeUndefined();
  });

  test('of one step have one point, in view', () => {
    for (const isLogX of [false, true]) {
      const model = curveModel(toyView([2.3]), { ...options, isLogX, isLogY: isLogX });
      expect(model?.xs).toEqual([1]);
      const [low, high] = model?.xRange ?? [];
      expect(low).toBeLessThanOrEqual(1);
      expect(high).toBeGreaterThanOrEqual(1);
      expect(high).toBeGreaterThan(low ?? 0);
      expect(model?.loss.range[0]).toBeLessThan(2.3);
      expect(model?.loss.range[1]).toBeGreaterThan(2.3);
    }
  });

  test('of numbers show R² in place of the accuracy, beside that of runs alike', () => {
    const errors = (r2: number) => ({ rmse: 2, mae: 1, r2 });
    const without = { trainAccuracy: null, validationAccuracy: null, testAccuracy: null };
    const epoch: EpochRecord = {
      ...{ ...toyEpoch(1, 0.9, 0.8), ...without, trainErrors: errors(0.5) },
      ...{ validationErrors: errors(0.25), testErrors: errors(-0.5) },
    };
    const run = { model: '4-1', optimizer: 'sgd', learningRate: 1, globalBatch: 100 };
    const beside = { ...run, ...{ testAccuracy: null, totalSeconds: 1 } };
    const earlierRuns: EarlierRun[] = [
      { ...beside, name: 'prices', epochs: [epoch] },
      { ...beside, name: 'classes', epochs: [toyEpoch(1, 0.9, 0.8)] },
    ];
    const view = toyView(falling, { epochs: [epoch], facts: { ...toyFacts, target: 'price' } });
    const shownRuns = new Set(['prices', 'classes']);
    const model = curveModel(view, { ...options, earlierRuns, shownRuns });
    expect(model?.isR2).toBe(true);
    expect(pointsOf(model?.accuracy, 'validation')).toEqual([[10, 0.25]]);
    expect(pointsOf(model?.accuracy, 'test')).toEqual([[10, -0.5]]);
    const others = model?.accuracy.lines.filter(({ kind }) => kind.startsWith('earlier'));
    expect(others?.map(({ name }) => name)).toEqual(['prices, training', 'prices, validation']);
  });

  test('hold no number that cannot be drawn', () => {
    const epochs = [toyEpoch(1, 0.9, null), toyEpoch(2, 0.8, null)];
    for (const isLogX of [false, true])
      for (const xAxis of ['step', 'epoch', 'examples', 'seconds'] as const) {
        const view = toyView([...falling, 0], { epochs });
        const model = curveModel(view, { ...options, xAxis, isLogX, isLogY: isLogX });
        const numbers = [model?.loss, model?.accuracy].flatMap((chart) => [
          ...(chart?.lines.flatMap(({ points }) => points.flat()) ?? []),
          ...(chart?.range ?? []),
        ]);
        expect(numbers.length).toBeGreaterThan(50);
        expect(numbers.every(Number.isFinite)).toBe(true);
        expect(model?.xs.every(Number.isFinite)).toBe(true);
        expect(pointsOf(model?.loss, 'validation')).toEqual([]);
      }
  });

  test('share their x values, and the newest step is in view', () => {
    const model = curveModel(toyView(falling, { epochs: [toyEpoch(1, 1, 1)] }), options);
    expect(model?.xRange).toEqual([0, 50]);
    expect(model?.xs).toEqual(Array.from({ length: 50 }, (_, i) => i + 1));
    expect(model?.loss.lines).toHaveLength(3);
    expect(model?.accuracy.lines).toHaveLength(4);
  });

  test('begin with the first step on a logarithmic axis, which has no 0', () => {
    const view = toyView(falling, { incidents: [incident('joined', 0)] });
    const model = curveModel(view, { ...options, isLogX: true });
    expect(model?.xRange).toEqual([1, 50]);
    expect(model?.rows[0].marks).toMatchObject([{ from: 1, to: 1 }]);
  });

  test('show a loss of 0 on a linear axis only', () => {
    const view = toyView([1, 0, 2]);
    expect(pointsOf(curveModel(view, options)?.loss, 'steps')).toHaveLength(3);
    const isLog = curveModel(view, { ...options, isLogY: true });
    expect(pointsOf(isLog?.loss, 'steps')).toHaveLength(2);
    expect(isLog?.loss.range[0]).toBeGreaterThan(0);
    expect(curveModel(toyView([0]), { ...options, isLogY: true })?.loss.range[0]).toBeCloseTo(0.09);
  });

  test('of a run that goes on begin with the means of its earlier epochs', () => {
    const facts = { ...toyFacts, firstStep: 20 };
    const epochs = [toyEpoch(1, 0.9, 0.8), toyEpoch(2, 0.7, 0.6), toyEpoch(3, 0.5, 0.5)];
    const model = curveModel(toyView(falling.slice(0, 12), { facts, epochs }), options);
    const training = pointsOf(model?.loss, 'training') ?? [];
    expect(training.slice(0, 2)).toEqual([
      [10, 0.9],
      [20, 0.7],
    ]);
    expect(training).toHaveLength(14);
    expect(model?.xRange).toEqual([0, 32]);
    expect(model?.loss.range[0]).toBeLessThan(0.5);
    const early = { facts, epochs: [toyEpoch(1, 30, 0.8)] };
    expect(curveModel(toyView(falling, early), options)?.loss.range[1]).toBeGreaterThan(30);
    const alone = curveModel(toyView(falling, { facts }), options);
    expect(alone?.xRange).toEqual([20, 70]);
  });
});

describe('the best epoch', () => {
  const overfitting = [
    toyEpoch(1, 0.9, 0.8),
    toyEpoch(2, 0.7, 0.6),
    toyEpoch(3, 0.5, 0.7),
    toyEpoch(4, 0.4, 0.75),
    toyEpoch(5, 0.3, 0.8),
  ];

  test('is marked, and where the patience of early stopping ends', () => {
    const facts = { ...toyFacts, earlyStopping: 3 };
    const model = curveModel(toyView(falling, { facts, epochs: overfitting }), options);
    expect(model).toMatchObject({
      best: { epoch: 2, x: 20 },
      patience: { epoch: 5, x: 50 },
      isOverfitting: true,
    });
    expect(
      curveModel(toyView(falling, { epochs: overfitting }), options)?.patience,
    ).toBeUndefined();
  });

  test('is the last one while the validation loss falls', () => {
    const epochs = overfitting.slice(0, 2);
    const model = curveModel(toyView(falling, { epochs }), options);
    expect(model).toMatchObject({ best: { epoch: 2 }, isOverfitting: false });
  });

  test('lies at the edge of a gap that follows both lines', () => {
    const model = curveModel(toyView(falling, { epochs: overfitting }), options);
    expect(model?.gap[0][0]).toBe(10);
    expect(model?.gap.at(-1)?.[0]).toBe(50);
    const validationAt = (x: number) => model?.gap.find((point) => point[0] === x)?.[2];
    expect([10, 15, 20, 50].map(validationAt)).toEqual([0.8, expect.closeTo(0.7), 0.6, 0.8]);
  });
});

describe('incidents', () => {
  test('have a row for each kind that happened, in a fixed order', () => {
    const incidents = [
      incident('late', 30, 12),
      incident('checkpoint', 31),
      incident('joined', 5),
      incident('late', 40),
    ];
    const model = curveModel(toyView(falling, { incidents }), { ...options, xAxis: 'epoch' });
    expect(model?.rows).toEqual([
      { mark: 'joined', marks: [{ from: 0.5, to: 0.5, of: incidents[2] }] },
      {
        mark: 'late',
        marks: [
          { from: 1.2, to: 3, of: incidents[0] },
          { from: 4, to: 4, of: incidents[3] },
        ],
      },
    ]);
  });
});

describe('another run', () => {
  const other: EarlierRun = {
    ...{ name: 'other', model: '4-2', optimizer: 'sgd', learningRate: 1, globalBatch: 50 },
    ...{ testAccuracy: null, totalSeconds: null },
    epochs: [toyEpoch(1, 5, 6), toyEpoch(12, 4, null)],
  };

  test('takes room, so that more steps of this run become one point', () => {
    const long = { ...other, epochs: [toyEpoch(1, 5, 6), toyEpoch(300, 4, 3)] };
    const chosen = { ...options, earlierRuns: [long], shownRuns: new Set(['other']) };
    const steps = pointsOf(curveModel(toyView(falling), chosen)?.loss, 'steps');
    expect(steps).toHaveLength(Math.ceil(50 / 16));
  });

  test('is drawn if it is chosen, and then in view', () => {
    const chosen = { ...options, earlierRuns: [other], shownRuns: new Set(['other']) };
    const model = curveModel(toyView(falling), chosen);
    expect(pointsOf(model?.loss, 'earlier')).toEqual([
      [10, 5],
      [120, 4],
    ]);
    expect(pointsOf(model?.loss, 'earlier-thin')).toEqual([[10, 6]]);
    expect(model?.xRange).toEqual([0, 120]);
    expect(model?.loss.range[1]).toBeGreaterThan(6);
    expect(model?.loss.lines.map(({ name }) => name)).toContain('other, validation');
    const none = curveModel(toyView(falling), { ...chosen, shownRuns: new Set() });
    expect(none?.loss.lines).toHaveLength(3);
    const two = ['other', 'third'].map((name) => ({ ...other, name }));
    const names = { earlierRuns: two, shownRuns: new Set(['other', 'third']) };
    const lines = curveModel(toyView(falling), { ...options, ...names })?.loss.lines ?? [];
    const dashOf = (name: string) => lines.find((line) => line.name === `${name}, training`)?.dash;
    expect(dashOf('other')).not.toEqual(dashOf('third'));
    const failed = curveModel(toyView(falling), { ...chosen, earlierRuns: 'why not' });
    expect(failed?.loss).toEqual(none?.loss);
  });
});
