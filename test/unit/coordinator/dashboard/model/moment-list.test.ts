import { describe, expect, test } from 'vitest';
import { createMomentList } from '../../../../../coordinator/dashboard/model/moment-list.ts';

describe('the moments of a run', () => {
  test('are all kept while there is room', () => {
    const list = createMomentList(100);
    for (let i = 0; i < 10; i++) list.add(`moment ${i}`);
    expect(list.all()).toEqual(Array.from({ length: 10 }, (_, i) => `moment ${i}`));
  });

  test('stay within their length, spread over the whole run, and the newest one is there', () => {
    const list = createMomentList(1000);
    for (let i = 0; i < 3000; i++) {
      list.add(String(i).padStart(10, '0'));
      const numbers = list.all().map(Number);
      expect(numbers.at(0)).toBe(0);
      expect(numbers.at(-1)).toBe(i);
      expect(numbers.length * 10).toBeLessThanOrEqual(1010);
      const gaps = numbers.slice(1).map((number, j) => number - numbers[j]);
      const [gap = 1] = gaps;
      expect(gaps.slice(0, -1).every((each) => each === gap)).toBe(true);
      expect(gaps.at(-1) ?? 0).toBeLessThanOrEqual(gap);
    }
    expect(list.all().length).toBeGreaterThan(40);
  });

  test('are at least one, however long it is', () => {
    const list = createMomentList(10);
    list.add('x'.repeat(100));
    list.add('y'.repeat(100));
    expect(list.all()).toEqual(['x'.repeat(100), 'y'.repeat(100)]);
  });
});
