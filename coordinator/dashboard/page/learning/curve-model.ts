import { learningTrend } from '../../../training/learning-trend.ts';
import type { EpochRecord } from '../../../training/progress.ts';
import type { EarlierEpoch, EarlierRun } from '../../model/earlier-run.ts';
import { INCIDENT_MARKS, type IncidentMark, markOf } from '../../model/incident-kinds.ts';
import type { Incident } from '../../model/incident-log.ts';
import type { RunFacts, RunView } from '../../model/run-view.ts';
import type { Area } from '../chart/chart-layout.ts';
import type { Point } from '../chart/line-path.ts';
import type { Choices } from '../ui.ts';
import {
  createXAxis,
  earlierX,
  extremes,
  lastIndex,
  placesOf,
  rangeOf,
  SMOOTHING,
  type StepPoint,
  smooth,
  stepPoints,
  thinEpochs,
  type XAxis,
} from './curve-series.ts';

/** A line of a chart. */
export interface Line {
  readonly kind: 'steps' | 'training' | 'validation' | 'test' | 'earlier' | 'earlier-thin';
  /** For the legend. */
  readonly name: string;
  /** Tells earlier runs apart. */
  readonly dash?: number[];
  readonly points: readonly Point[];
}

/** One of the two charts. */
export interface Chart {
  readonly lines: readonly Line[];
  readonly range: readonly [low: number, high: number];
  /** The smallest and the largest value that is drawn. They may be outside the range. */
  readonly extremes: readonly [least: number, most: number];
}

/** Incidents in a row below the axis. They happened between two x values. */
export interface MarkRow {
  readonly mark: IncidentMark;
  readonly marks: readonly { readonly from: number; readonly to: number; readonly of: Incident }[];
}

/** The end of an epoch on the x axis. */
export interface Milestone {
  readonly epoch: number;
  readonly x: number;
}

export interface CurveModel {
  readonly axis: XAxis;
  readonly xRange: readonly [number, number];
  /** The x values of all points, ascending. */
  readonly xs: readonly number[];
  readonly loss: Chart;
  /** The accuracy, or R² if the target is a number. */
  readonly accuracy: Chart;
  readonly isR2: boolean;
  /** From the smallest to the largest loss of the steps of each point. */
  readonly band: Area;
  /** Between training and validation loss. */
  readonly gap: Area;
  /** The epoch with the lowest validation loss, and whether the model overfits since then. */
  readonly best: Milestone | undefined;
  readonly isOverfitting: boolean;
  /** When early stopping ends the run, unless an epoch before is better. */
  readonly patience: Milestone | undefined;
  readonly rows: readonly MarkRow[];
}

export type CurveOptions = Pick<
  Choices,
  'xAxis' | 'isLogX' | 'isLogY' | 'earlierRuns' | 'shownRuns'
>;
/** An epoch at its place. Its accuracies are R² if the target is a number. */
type PlacedEpoch = EpochRecord & { readonly x: number };

/** Undefined before the first step. */
export function curveModel(view: RunView, options: CurveOptions): CurveModel | undefined {
  const { facts, history } = view;
  const buckets = history.all();
  if (!facts || buckets.length === 0) return undefined;
  const axis = createXAxis(options.xAxis, facts, buckets);
  const shown = shownRuns(options);
  const start = view.epochs.some(({ step }) => step <= facts.firstStep) ? 0 : facts.firstStep;
  const ends = [history, ...shown.flatMap(({ epochs }) => epochs.slice(-1))];
  const end = Math.max(...ends.map((last) => ('end' in last ? last.end : last.step)));
  const steps = stepPoints(buckets, axis, end - start, options.isLogX);
  const epochs = placedEpochs(view.epochs, axis);
  const places = steps.map(({ x }) => (options.isLogX ? Math.log(x) : x));
  const loss = [
    ...earlierLines(shown, options, 'trainLoss', 'validationLoss'),
    ...linesOf(steps, places, epochs, 'loss'),
  ].map(options.isLogY ? positive : (line) => line);
  const isR2 = facts.target !== undefined;
  const alike = shown.filter(({ epochs }) => hasErrors(epochs.at(-1)) === isR2);
  const accuracy = [
    ...earlierLines(alike, options, 'trainAccuracy', 'validationAccuracy'),
    ...linesOf(steps, places, epochs, 'accuracy'),
    { kind: 'test', name: 'test', points: pointsOf(epochs, 'testAccuracy') } as const,
  ];
  const xs = placesOf([...loss, ...accuracy].map(({ points }) => points));
  const band: Area = steps.map(({ x, lossMin, lossMax }) => [x, lossMin, lossMax]);
  const xRange = xRangeOf(xs, axis.of(start), options.isLogX);
  const trend = learningTrend(view.epochs, facts.validationExamples);
  const best = trend.kind === 'unknown' ? undefined : 'best' in trend ? trend.best : trend.last;
  return {
    ...{ axis, xRange, xs, band, isR2 },
    loss: chartOf(loss, places, band, options.isLogY),
    accuracy: chartOf(accuracy, places, [], false),
    gap: gapOf(loss),
    best: best && milestone(best.epoch, facts, axis),
    isOverfitting: trend.kind === 'overfitting',
    patience:
      best && facts.earlyStopping !== null
        ? milestone(best.epoch + facts.earlyStopping, facts, axis)
        : undefined,
    rows: rowsOf(view.incidents, axis, xRange[0]),
  };
}

const hasErrors = (epoch: EarlierEpoch | undefined): boolean => epoch?.testErrors !== undefined;

/** With R² in place of the accuracies that a number as target does not have. */
const withR2 = <E extends EarlierEpoch>(epoch: E): E => ({
  ...epoch,
  trainAccuracy: epoch.trainAccuracy ?? epoch.trainErrors?.r2 ?? null,
  validationAccuracy: epoch.validationAccuracy ?? epoch.validationErrors?.r2 ?? null,
  testAccuracy: epoch.testAccuracy ?? epoch.testErrors?.r2 ?? null,
});

function placedEpochs(epochs: readonly EpochRecord[], axis: XAxis): PlacedEpoch[] {
  return thinEpochs(epochs).flatMap((epoch) => {
    const x = axis.of(epoch.step);
    return x === undefined ? [] : [{ ...withR2(epoch), x }];
  });
}

/**
 * Each step, their smoothed mean, and validation. Of the steps before a resume only the means of
 * the epochs are known: the smoothed line begins with these.
 */
function linesOf(
  steps: readonly StepPoint[],
  places: readonly number[],
  epochs: readonly PlacedEpoch[],
  what: 'loss' | 'accuracy',
): Line[] {
  const isLoss = what === 'loss';
  const values = steps.map((step) => step[what]);
  const smoothed = smooth(
    places,
    values,
    steps.map((step) => step.steps),
  );
  const earlier = pointsOf(
    epochs.filter(({ x }) => x < steps[0].x),
    isLoss ? 'trainLoss' : 'trainAccuracy',
  );
  const training = steps.map(({ x }, i): Point => [x, smoothed[i]]);
  const validation = pointsOf(epochs, isLoss ? 'validationLoss' : 'validationAccuracy');
  return [
    {
      kind: 'steps',
      name: 'single steps',
      points: steps.map((step): Point => [step.x, step[what]]),
    },
    { kind: 'training', name: 'training', points: [...earlier, ...training] },
    { kind: 'validation', name: 'validation', points: validation },
  ];
}

type EpochNumber = 'trainLoss' | 'validationLoss' | 'trainAccuracy' | 'validationAccuracy';

/** A number of the epochs that have it, at their x values. */
function pointsOf<Key extends string>(
  epochs: readonly ({ readonly x: number } & Readonly<Record<Key, number | null>>)[],
  key: Key,
): Point[] {
  return epochs.flatMap((epoch) => {
    const value = epoch[key];
    return value !== null && Number.isFinite(value) ? [[epoch.x, value] as const] : [];
  });
}

function shownRuns({ earlierRuns, shownRuns }: CurveOptions): EarlierRun[] {
  if (typeof earlierRuns === 'string') return [];
  return earlierRuns.filter(({ name }) => shownRuns.has(name));
}

/** The first run has a solid line. A validation line is thinner than a training line. */
const EARLIER_DASHES: readonly number[][] = [[], [9, 3], [2, 3], [9, 3, 2, 3]];

function earlierLines(
  shown: readonly EarlierRun[],
  { xAxis }: CurveOptions,
  training: EpochNumber,
  validation: EpochNumber,
): Line[] {
  return shown.flatMap((run, i) => {
    const dash = EARLIER_DASHES[i % EARLIER_DASHES.length];
    const xs = earlierX(run, xAxis);
    const epochs = run.epochs.map((epoch, i) => ({ ...withR2(epoch), x: xs[i] }));
    const { name } = run;
    return [
      { kind: 'earlier', name: `${name}, training`, dash, points: pointsOf(epochs, training) },
      {
        kind: 'earlier-thin',
        name: `${name}, validation`,
        dash,
        points: pointsOf(epochs, validation),
      },
    ] as const;
  });
}

/** A logarithmic axis has no place for 0. */
const positive = (line: Line): Line => ({
  ...line,
  points: line.points.filter(([, y]) => y > 0),
});

function chartOf(
  lines: readonly Line[],
  places: readonly number[],
  band: Area,
  isLog: boolean,
): Chart {
  const valuesOf = (test: (line: Line) => boolean) =>
    lines.filter(test).flatMap(({ points }) => points.map(([, y]) => y));
  const ofBand = band.flatMap(([, low, high]) => [low, high]).filter((y) => y > 0 || !isLog);
  const all = extremes([...valuesOf(() => true), ...ofBand]);
  if (isLog) {
    const [least, most] = Number.isFinite(all[0]) ? all : [0.1, 1];
    return { lines, extremes: all, range: [least / 1.1, most * 1.1] };
  }
  const training = valuesOf(({ kind }) => kind === 'training');
  // Those of earlier epochs, and the newest one.
  const needed = [...training.slice(0, -places.length), ...training.slice(-1)];
  const perEpoch = valuesOf(({ kind }) => kind !== 'steps' && kind !== 'training');
  const perStep = valuesOf(({ kind }) => kind === 'steps');
  return { lines, extremes: all, range: rangeOf(places, perStep, [...perEpoch, ...needed]) };
}

/** From the beginning to the newest step, which is always in view. */
function xRangeOf(
  xs: readonly number[],
  start: number | undefined,
  isLog: boolean,
): [number, number] {
  const [first, last] = [xs[0], xs[xs.length - 1]];
  if (isLog) return [first, last > first ? last : 2 * first];
  return [Math.min(first, start ?? 0), last];
}

/** Between the training and the validation line, at the ends of the epochs and between them. */
function gapOf(lines: readonly Line[]): Area {
  const pointsOfKind = (which: Line['kind']) => lines.find(({ kind }) => kind === which)?.points;
  const training = pointsOfKind('training') ?? [];
  const validation = pointsOfKind('validation') ?? [];
  const [from, to] = [validation[0]?.[0] ?? 0, validation.at(-1)?.[0] ?? 0];
  const between = training.filter(([x]) => x >= from && x <= to);
  return between.map(([x, y]) => [x, y, interpolate(validation, x)]);
}

/** The value of a line at `x`, which is between its ends. */
function interpolate(points: readonly Point[], x: number): number {
  const index = lastIndex(points, ([place]) => place <= x);
  const [before, after] = [points[index], points[index + 1]];
  if (!after) return before[1];
  const part = (x - before[0]) / (after[0] - before[0]);
  return before[1] + part * (after[1] - before[1]);
}

function milestone(epoch: number, facts: RunFacts, axis: XAxis): Milestone | undefined {
  const x = axis.of(epoch * facts.stepsPerEpoch);
  return x === undefined ? undefined : { epoch, x };
}

/** What happened before the first x value is drawn there. */
function rowsOf(incidents: readonly Incident[], axis: XAxis, start: number): MarkRow[] {
  const xOf = (step: number) => Math.max(start, axis.of(step) ?? start);
  return INCIDENT_MARKS.map((mark) => ({
    mark,
    marks: incidents
      .filter((incident) => markOf(incident) === mark)
      .map((of) => ({ from: xOf(of.firstStep), to: xOf(of.step), of })),
  })).filter(({ marks }) => marks.length > 0);
}

/** The number of steps over which the training line is smoothed, about: two deviations. */
export const smoothedSteps = (steps: number): number => Math.round(2 * SMOOTHING * steps);
