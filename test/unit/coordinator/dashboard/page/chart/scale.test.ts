import { describe, expect, test } from 'vitest';
import {
  createScale,
  shortNumbers,
  ticksBetween,
  ticksOf,
} from '../../../../../../coordinator/dashboard/page/chart/scale.ts';
import { randomKey, uniform } from '../../../../../../shared/random.ts';

describe('a scale', () => {
  test('leads from the ends to their pixels, and back', () => {
    const scale = createScale({ from: 10, to: 20 }, 300, 100);
    expect([10, 15, 20, 25].map(scale)).toEqual([300, 200, 100, 0]);
    expect([300, 200, 100].map(scale.valueAt)).toEqual([10, 15, 20]);
  });

  test('gives equal ratios equal distances if it is logarithmic', () => {
    const scale = createScale({ from: 1, to: 1000, isLog: true }, 0, 300);
    expect([1, 10, 100, 1000].map((value) => Math.round(scale(value)))).toEqual([0, 100, 200, 300]);
    expect(scale.valueAt(200)).toBeCloseTo(100);
  });

  test('has a pixel for each number, also where its ends are equal or a logarithm is none', () => {
    const numbers = [-1e300, -1, 0, 1e-300, 1, 1e300];
    for (const span of [
      { from: 1, to: 1 },
      { from: 0, to: 1e-300 },
      { from: 1, to: 2, isLog: true },
    ]) {
      const pixels = numbers.map(createScale(span, 0, 100));
      expect(pixels.every((pixel) => Math.abs(pixel) <= 1e5)).toBe(true);
      expect(pixels).toEqual([...pixels].sort((a, b) => a - b));
    }
  });
});

describe('ticks', () => {
  /** Ranges of all sizes, far from 0 and near it. */
  const key = randomKey(1, 'selfTest');
  let drawn = 0;
  const next = () => uniform(key, drawn++);
  const ranges = Array.from({ length: 2000 }, () => {
    const size = 10 ** (20 * next() - 10);
    const from = size * (next() - 0.5) * 10 ** (4 * next());
    return { from, to: from + size, most: 2 + Math.floor(10 * next()) };
  });

  test('are ascending, without duplicates, in their range, evenly apart, and not too many', () => {
    for (const { from, to, most } of ranges) {
      const ticks = ticksBetween(from, to, most);
      const size = (to - from) / most;
      const distance = ((to - from) / (most + 1)) * 0.999;
      const where = `${from} to ${to}, ${most}`;
      expect(ticks.length, where).toBeLessThanOrEqual(most);
      expect(ticks.length, where).toBeGreaterThanOrEqual(Math.min(1, Math.floor(most / 5)));
      ticks.forEach((tick, i) => {
        expect(tick, where).toBeGreaterThanOrEqual(from - size * 1e-6);
        expect(tick, where).toBeLessThanOrEqual(to + size * 1e-6);
        if (i > 0) expect(tick - ticks[i - 1], where).toBeGreaterThan(distance);
        if (i > 1)
          expect(tick - ticks[i - 1], where).toBeCloseTo(
            ticks[1] - ticks[0],
            3 - Math.floor(Math.log10(size)),
          );
      });
    }
  });

  test('of a logarithmic axis are ascending, in their range, round, and not too many', () => {
    for (const { from, to, most } of ranges.filter(({ from }) => from > 0)) {
      const ticks = ticksOf({ from, to: to * 10 ** (most / 2), isLog: true }, most);
      expect(ticks.length).toBeLessThanOrEqual(most);
      expect(new Set(ticks).size).toBe(ticks.length);
      expect(ticks).toEqual([...ticks].sort((a, b) => a - b));
      for (const tick of ticks) expect(tick).toBeGreaterThanOrEqual(from * (1 - 1e-6));
    }
  });

  test('are round numbers', () => {
    expect(ticksBetween(0, 1, 5)).toEqual([0, 0.5, 1]);
    expect(ticksBetween(0, 1, 6)).toEqual([0, 0.2, 0.4, 0.6, 0.8, 1]);
    expect(ticksBetween(0.1, 0.75, 9)).toEqual([0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7]);
    expect(ticksBetween(17, 1234, 5)).toEqual([500, 1000]);
    expect(ticksBetween(-3, 3, 4)).toEqual([-2, 0, 2]);
  });

  test('are whole where there are no parts', () => {
    expect(ticksBetween(0, 2, 10, 1)).toEqual([0, 1, 2]);
    expect(ticksBetween(0, 1, 10, 1)).toEqual([0, 1]);
    expect(ticksBetween(7, 8, 2, 1)).toEqual([7, 8]);
  });

  test('do not exist where no numbers are, and end where numbers are no finer', () => {
    expect(ticksBetween(3, 3, 5)).toEqual([]);
    expect(ticksBetween(4, 3, 5)).toEqual([]);
    expect(ticksBetween(Number.NaN, 3, 5)).toEqual([]);
    expect(ticksBetween(0, Number.POSITIVE_INFINITY, 5)).toEqual([]);
    expect(ticksOf({ from: 0, to: 10, isLog: true }, 3)).toEqual([0, 5, 10]);
    expect(ticksOf({ from: 1, to: Number.POSITIVE_INFINITY, isLog: true }, 3)).toEqual([]);
    expect(ticksBetween(1e16, 1e16 + 2, 50)).toEqual([]);
  });

  test('of a logarithmic axis are 1, 2 and 5, else powers of ten, else as on a linear one', () => {
    const ticks = (from: number, to: number, most: number) =>
      ticksOf({ from, to, isLog: true }, most);
    expect(ticks(1, 5160, 12)).toEqual([1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000]);
    expect(ticks(1, 5160, 6)).toEqual([1, 10, 100, 1000]);
    expect(ticks(0.08, 2.6, 6)).toEqual([0.1, 0.2, 0.5, 1, 2]);
    expect(ticks(2580, 9000, 8)).toEqual([3000, 4000, 5000, 6000, 7000, 8000, 9000]);
    expect(ticks(1.64, 2.1, 6)).toEqual([1.7, 1.8, 1.9, 2, 2.1]);
    expect(ticks(2.311, 2.314, 5)).toEqual([2.311, 2.312, 2.313, 2.314]);
    expect(ticks(1e-7, 1e9, 6)).toEqual([1e-7, 1e-4, 1e-1, 1e2, 1e5, 1e8]);
  });
});

test('the texts of ticks are short, and differ', () => {
  expect(shortNumbers([0, 0.25, 0.5])).toEqual(['0', '0.25', '0.5']);
  expect(shortNumbers([0, 2500, 150_000])).toEqual(['0', '2,500', '150K']);
  expect(shortNumbers([10_001, 10_002])).toEqual(['10,001', '10,002']);
  expect(shortNumbers([1e-7, 1e-4, 0.001])).toEqual(['10⁻⁷', '10⁻⁴', '0.001']);
  expect(shortNumbers([-2.5e-4, 2e-10])).toEqual(['-2.5 · 10⁻⁴', '2 · 10⁻¹⁰']);
});
