import type { Scale } from './scale.ts';

/** A point of a line: values or pixels. */
export type Point = readonly [x: number, y: number];

/**
 * A line in pixels. Of the points in one column of pixels, it keeps the first one, the lowest, the
 * highest and the last: the picture is the same, and has no more points than the width allows.
 */
export function linePath(points: readonly Point[], x: Scale, y: Scale): Point[] {
  const path: Point[] = [];
  let column: Point[] = [];
  const endColumn = () => {
    if (column.length <= 4) path.push(...column);
    else {
      let [low, high] = [column[0], column[0]];
      for (const point of column) {
        if (point[1] < low[1]) low = point;
        if (point[1] > high[1]) high = point;
      }
      path.push(column[0], low, high, column[column.length - 1]);
    }
    column = [];
  };
  for (const [valueX, valueY] of points) {
    const point: Point = [x(valueX), y(valueY)];
    if (column.length > 0 && Math.floor(point[0]) !== Math.floor(column[0][0])) endColumn();
    column.push(point);
  }
  endColumn();
  return path;
}

/** The place of the number that is nearest to `x`, in an ascending list; -1: the list is empty. */
export function nearestIndex(xs: readonly number[], x: number): number {
  let [low, high] = [0, xs.length - 1];
  while (high - low > 1) {
    const middle = (low + high) >>> 1;
    if (xs[middle] <= x) low = middle;
    else high = middle;
  }
  return high >= 0 && x - xs[low] > xs[high] - x ? high : Math.min(low, high);
}
