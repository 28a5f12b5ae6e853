import { describe, expect, test } from 'vitest';
import {
  linePath,
  nearestIndex,
  type Point,
} from '../../../../../../coordinator/dashboard/page/chart/line-path.ts';
import { createScale } from '../../../../../../coordinator/dashboard/page/chart/scale.ts';

const identity = createScale({ from: 0, to: 100 }, 0, 100);

describe('a line in pixels', () => {
  test('has all its points while they are few, and none if there are none', () => {
    const points: Point[] = [
      [0, 1],
      [0.5, 2],
      [7, 3],
    ];
    expect(linePath(points, identity, identity)).toEqual(points);
    expect(linePath([], identity, identity)).toEqual([]);
  });

  test('keeps of a column the first point, the lowest, the highest and the last', () => {
    const points = [5, 9, 4, 6, 1, 7].map((y, i): Point => [3 + i / 10, y]);
    const path = linePath([[0, 5], ...points, [8, 2]], identity, identity);
    expect(path.map(([, y]) => y)).toEqual([5, 5, 1, 9, 7, 2]);
  });

  test('of 100,000 points has no more than four a column, with all extremes', () => {
    const points = Array.from({ length: 100_000 }, (_, i): Point => [i / 1000, (i * 7919) % 101]);
    const path = linePath(points, identity, identity);
    expect(path.length).toBeLessThanOrEqual(400);
    for (let column = 0; column < 100; column++) {
      const ys = path.filter(([x]) => Math.floor(x) === column).map(([, y]) => y);
      expect([Math.min(...ys), Math.max(...ys)]).toEqual([0, 100]);
    }
  });
});

test('the nearest number of a list', () => {
  const xs = [1, 2, 4, 8];
  expect([-9, 1, 1.4, 1.6, 2.9, 3.1, 7, 99].map((x) => nearestIndex(xs, x))).toEqual([
    0, 0, 0, 1, 1, 2, 3, 3,
  ]);
  expect(nearestIndex([5], 9)).toBe(0);
  expect(nearestIndex([], 9)).toBe(-1);
});
