import { expect, test } from 'vitest';
import {
  heightOf,
  placeColumns,
  rowAt,
  rowY,
} from '../../../../../../../coordinator/dashboard/page/study/flow/flow-layout.ts';

const columns = [
  { title: 'a', values: [[0.02, 3], [0]] },
  { title: 'b', values: [[200], [Number.NaN]] },
];

test('columns lie beside each other, with an axis of whole powers of ten', () => {
  const [a, b] = placeColumns(columns, 500, 60, false);
  expect(a.plot.x).toBe(60);
  expect(b.plot.x).toBeGreaterThan(a.plot.x + a.plot.width);
  expect(b.plot.x + b.plot.width).toBeLessThanOrEqual(500);
  expect(a.x(0.01)).toBeCloseTo(a.plot.x, 9);
  expect(a.x(10)).toBeCloseTo(a.plot.x + a.plot.width, 9);
  expect([b.x.valueAt(b.plot.x), b.x.valueAt(b.plot.x + b.plot.width)].map(Math.round)).toEqual([
    100, 1000,
  ]);
});

test('or with the same axis', () => {
  const [a, b] = placeColumns(columns, 500, 60, true);
  for (const { plot, x } of [a, b]) {
    expect(x(0.01)).toBeCloseTo(plot.x, 9);
    expect(x(1000)).toBeCloseTo(plot.x + plot.width, 9);
  }
  expect(a.ticks.map(({ text }) => text)).toContain('1');
});

test('values that have no logarithm have no axis of their own', () => {
  const [{ x, plot }] = placeColumns([{ title: 'none', values: [[0], []] }], 300, 60, false);
  expect(x.valueAt(plot.x)).toBeCloseTo(0.1, 9);
});

test('each row is where its middle is', () => {
  for (const row of [0, 1, 5]) expect(rowAt(rowY(row), 6)).toBe(row);
  expect(rowAt(2, 6)).toBeUndefined();
  expect(rowAt(heightOf(6) - 2, 6)).toBeUndefined();
});
