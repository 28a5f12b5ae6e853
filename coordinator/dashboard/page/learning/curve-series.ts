import type { EarlierRun } from '../../model/earlier-run.ts';
import type { RunFacts } from '../../model/run-view.ts';
import { meanLoss, merge, type StepBucket } from '../../steps/step-history.ts';
import type { Point } from '../chart/line-path.ts';
import type { Choices } from '../ui.ts';

/*
 * The numbers of the curves, without a document.
 *
 * A run has up to a million steps, and a chart has a thousand pixels. So neighboring steps are
 * drawn as one point: the mean, and a band from the smallest to the largest. The places at which
 * points begin depend on the steps alone, so points stay where they are while the run goes on.
 */

/** Where the state after a number of steps is on the x axis. */
export interface XAxis {
  readonly label: string;
  /** Undefined if nobody knows. */
  readonly of: (step: number) => number | undefined;
}

/** `buckets` are those of the run, oldest first. */
export function createXAxis(
  unit: Choices['xAxis'],
  facts: RunFacts,
  buckets: readonly StepBucket[],
): XAxis {
  const { stepsPerEpoch, trainingExamples, globalBatch, firstStep } = facts;
  switch (unit) {
    case 'step':
      return { label: 'step', of: (step) => step };
    case 'epoch':
      return { label: 'epoch', of: (step) => step / stepsPerEpoch };
    case 'examples':
      return {
        label: 'examples',
        of(step) {
          const inEpoch = Math.min(trainingExamples, (step % stepsPerEpoch) * globalBatch);
          return Math.floor(step / stepsPerEpoch) * trainingExamples + inEpoch;
        },
      };
    case 'seconds': {
      const since = firstStep > 0 ? ` since step ${firstStep.toLocaleString('en-US')}` : '';
      return { label: `seconds in training steps${since}`, of: secondsBySteps(buckets) };
    }
  }
}

/** The time in steps, in seconds. Breaks between the parts of a run do not count. */
function secondsBySteps(buckets: readonly StepBucket[]): XAxis['of'] {
  let sum = 0;
  const ends = buckets.map(({ milliseconds }) => {
    sum += milliseconds / 1000;
    return sum;
  });
  return (step) => {
    const index = lastIndex(buckets, ({ from }) => from < step);
    const bucket = buckets[index];
    if (!bucket || step > (buckets.at(-1)?.to ?? 0)) return undefined;
    const { from, to, milliseconds } = bucket;
    const missing = Math.max(0, to - step) / (to - from);
    return ends[index] - (missing * milliseconds) / 1000;
  };
}

/** The index of the last element for which a test holds; the first ones pass it. -1: none. */
export function lastIndex<T>(list: readonly T[], isIt: (element: T) => boolean): number {
  let [low, high] = [0, list.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (isIt(list[middle])) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

/** The most points of a curve: on a linear axis, and about on a logarithmic one. */
const POINTS_MAX = 320;
const LOG_POINTS_MAX = 512;

/** Merges the buckets that are drawn as one point. On a linear axis there are `steps` steps. */
export function thinBuckets(
  buckets: readonly StepBucket[],
  axis: XAxis,
  steps: number,
  isLogX: boolean,
): StepBucket[] {
  const size = 2 ** Math.max(0, Math.ceil(Math.log2(steps / POINTS_MAX)));
  const octaves = buckets.map(({ to }) => Math.log2(axis.of(to) ?? 1));
  const wide = Math.max(1, (octaves.at(-1) ?? 0) - octaves[0]);
  const perOctave = 2 ** Math.floor(Math.log2(LOG_POINTS_MAX / wide));
  const thin: StepBucket[] = [];
  let lastPlace = Number.NaN;
  buckets.forEach((bucket, i) => {
    const place = Math.floor(isLogX ? octaves[i] * perOctave : (bucket.to - 1) / size);
    const last = thin.at(-1);
    if (last && place === lastPlace) thin[thin.length - 1] = merge(last, bucket);
    else thin.push(bucket);
    lastPlace = place;
  });
  return thin;
}

/** At most so many epochs, with the last one. */
export function thinEpochs<E>(epochs: readonly E[], most = 500): readonly E[] {
  const every = Math.ceil(epochs.length / most);
  return epochs.filter((_, i) => i % every === every - 1 || i === epochs.length - 1);
}

/** Steps that are drawn as one point. */
export interface StepPoint {
  readonly x: number;
  readonly steps: number;
  readonly loss: number;
  readonly lossMin: number;
  readonly lossMax: number;
  readonly accuracy: number;
}

export function stepPoints(
  buckets: readonly StepBucket[],
  axis: XAxis,
  steps: number,
  isLogX: boolean,
): StepPoint[] {
  return thinBuckets(buckets, axis, steps, isLogX).flatMap((bucket) => {
    const { from, to, lossMin, lossMax, correctCount, examples } = bucket;
    const x = axis.of(to);
    const loss = meanLoss(bucket);
    if (x === undefined || !Number.isFinite(loss)) return [];
    const accuracy = correctCount / examples;
    return [{ x, steps: to - from, loss, lossMin, lossMax, accuracy }];
  });
}

/** The standard deviation of the bell curve that smooths, as a part of the axis. */
export const SMOOTHING = 1 / 64;

/**
 * The mean around each point, weighted by a bell curve over the axis and by `weights`. It does not
 * lag behind as a moving average of the past would. `places` ascend.
 */
export function smooth(
  places: readonly number[],
  values: readonly number[],
  weights: readonly number[],
): number[] {
  const deviation = SMOOTHING * ((places.at(-1) ?? 0) - (places[0] ?? 0));
  if (deviation === 0) return [...values];
  let first = 0;
  return places.map((place) => {
    while (places[first] < place - 3 * deviation) first++;
    let [sum, whole] = [0, 0];
    for (let i = first; i < places.length && places[i] <= place + 3 * deviation; i++) {
      const weight = weights[i] * Math.exp(-(((places[i] - place) / deviation) ** 2) / 2);
      sum += weight * values[i];
      whole += weight;
    }
    return sum / whole;
  });
}

/** The value below which `part` of the axis lies, if each point covers it from the point before. */
export function quantileOverAxis(
  places: readonly number[],
  values: readonly number[],
  part: number,
): number {
  const widths = places.map((place, i) => Math.max(0, place - (places[i - 1] ?? place)));
  const sorted = values.map((value, i) => [value, widths[i] || 1e-9] as const);
  sorted.sort(([a], [b]) => a - b);
  let left = part * sorted.reduce((sum, [, width]) => sum + width, 0);
  for (const [value, width] of sorted) {
    left -= width;
    if (left <= 0) return value;
  }
  return sorted.at(-1)?.[0] ?? 0;
}

/** The part of the axis whose values may be outside a linear chart, at each end. */
const OUTSIDE = 0.02;

/**
 * The range of a linear axis. It holds `needed` and nearly all of `values`: a few huge ones, as
 * those of the first steps, would flatten the rest.
 */
export function rangeOf(
  places: readonly number[],
  values: readonly number[],
  needed: readonly number[],
): [number, number] {
  if (values.length === 0) return needed.length === 0 ? [0, 1] : rangeOf([], needed, []);
  const [least, most] = extremes([...values, ...needed]);
  const quantile = (part: number) => quantileOverAxis(places, values, part);
  let [low, high] = extremes([...needed, quantile(OUTSIDE), quantile(1 - OUTSIDE)]);
  const span = high - low;
  if (most - high < span / 4) high = most;
  if (low - least < span / 4) low = least;
  const margin = (high - low || Math.abs(high) || 1) / 20;
  return [low - margin, high + margin];
}

export function extremes(values: readonly number[]): [least: number, most: number] {
  return values.reduce(
    ([least, most], value) => [Math.min(least, value), Math.max(most, value)],
    [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY],
  );
}

/** The x values of all lines, ascending. */
export const placesOf = (lines: readonly (readonly Point[])[]): number[] =>
  [...new Set(lines.flatMap((points) => points.map(([x]) => x)))].sort((a, b) => a - b);

/** The last point up to `x`. */
export const pointAt = (points: readonly Point[], x: number): Point | undefined =>
  points[lastIndex(points, ([place]) => place <= x)];

/** Where the epochs of another run are on the same axis. */
export function earlierX({ epochs, globalBatch }: EarlierRun, unit: Choices['xAxis']): number[] {
  let seconds = 0;
  return epochs.map((epoch, i) => {
    // Of more than 500 epochs only some are here. Those between took as long, each.
    seconds += epoch.seconds * (epoch.epoch - (epochs[i - 1]?.epoch ?? 0));
    const examples = epoch.step * globalBatch;
    return { step: epoch.step, epoch: epoch.epoch, examples, seconds }[unit];
  });
}
