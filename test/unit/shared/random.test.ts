import { describe, expect, test } from 'vitest';
import { permutation, randomKey, threefry2x32, uniform } from '../../../shared/random.ts';

describe('threefry', () => {
  // The known answers of Random123, the reference implementation (kat_vectors).
  test.for([
    { key: [0, 0], counter: [0, 0], output: [0x6b200159, 0x99ba4efe] },
    {
      key: [0xffffffff, 0xffffffff],
      counter: [0xffffffff, 0xffffffff],
      output: [0x1cb996fc, 0xbb002be7],
    },
    {
      key: [0x13198a2e, 0x03707344],
      counter: [0x243f6a88, 0x85a308d3],
      output: [0xc4923a9c, 0x483df7a0],
    },
  ] as const)('gives the known answer for counter $counter', ({ key, counter, output }) => {
    expect(threefry2x32([...key], [...counter])).toEqual(output);
  });
});

describe('uniform', () => {
  const key = randomKey(1, 'initialization');
  const draws = Array.from({ length: 100_000 }, (_, counter) => uniform(key, counter));

  test('stays in [0, 1)', () => {
    expect(draws.every((value) => value >= 0 && value < 1)).toBe(true);
  });

  test('fills each tenth of its range equally, within five standard deviations', () => {
    const counts = new Array<number>(10).fill(0);
    for (const value of draws) counts[Math.floor(value * 10)]++;
    for (const count of counts)
      expect(Math.abs(count - 10_000)).toBeLessThan(5 * Math.sqrt(10_000 * 0.9));
  });

  test('differs for every seed, purpose and index', () => {
    const keys = [
      randomKey(1, 'initialization'),
      randomKey(2, 'initialization'),
      randomKey(1 + 2 ** 32, 'initialization'),
      randomKey(1, 'permutation'),
      randomKey(1, 'initialization', 1),
    ];
    expect(new Set(keys.map((key) => uniform(key, 0))).size).toBe(keys.length);
  });
});

describe('permutation', () => {
  test.for([1, 2, 3, 1000])('of %i numbers contains each number once', (count) => {
    const order = permutation(randomKey(3, 'permutation'), count);
    expect(Array.from(order).sort((a, b) => a - b)).toEqual(
      Array.from({ length: count }, (_, i) => i),
    );
  });

  test('of no numbers is empty', () => {
    expect(permutation(randomKey(3, 'permutation'), 0)).toHaveLength(0);
  });

  test('of three numbers takes each order equally often', () => {
    const counts = new Map<string, number>();
    for (let epoch = 0; epoch < 6000; epoch++) {
      const order = permutation(randomKey(4, 'permutation', epoch), 3).join();
      counts.set(order, (counts.get(order) ?? 0) + 1);
    }
    expect(counts.size).toBe(6);
    for (const count of counts.values())
      expect(Math.abs(count - 1000)).toBeLessThan(5 * Math.sqrt(1000));
  });

  test('is the same as in earlier versions, whose runs must stay valid', () => {
    expect(Array.from(permutation(randomKey(1, 'permutation', 0), 10))).toEqual([
      0, 1, 6, 5, 9, 8, 4, 7, 2, 3,
    ]);
  });
});
