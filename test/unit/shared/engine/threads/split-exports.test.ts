import { describe, expect, test } from 'vitest';
import { type Call, splitExports } from '../../../../../shared/engine/threads/split-exports.ts';
import type { Exported } from '../../../../../shared/engine/wasm/wasm-products.ts';

/** Exports that note their calls, split for so many threads. */
function splitFor(threads: number) {
  const calls: Call[] = [];
  const names = ['addInto', 'setUpdate', 'updateAdam', 'fingerprint', 'activate'];
  const own: Exported = Object.fromEntries(
    names.map((name) => [name, (...args: number[]) => calls.push({ name, args })]),
  );
  const lists: (readonly Call[])[] = [];
  const split = splitExports(own, {
    freeCount: () => threads,
    run: (given) => void lists.push(...given),
  });
  return { split, calls, lists };
}

describe('a call', () => {
  test('of a long vector is divided at cache lines', () => {
    const { split, calls, lists } = splitFor(3);
    split.addInto(1_000_000, 2_000_000, 100_003);
    expect(calls).toEqual([]);
    const parts = lists.map(([{ args }]) => args);
    expect(parts.map(([, , length]) => length).reduce((a, b) => a + b)).toBe(100_003);
    expect(parts[0].slice(0, 2)).toEqual([1_000_000, 2_000_000]);
    for (const [i, [target, source, length]] of parts.entries()) {
      expect((target - 1_000_000) % 64).toBe(0);
      expect(source - target).toBe(1_000_000);
      expect(parts[i + 1]?.[0] ?? target + 4 * length).toBe(target + 4 * length);
    }
  });

  test('of an update carries the settings of the update along', () => {
    const { split, lists } = splitFor(2);
    split.setUpdate(128, 0.1, 1, 0);
    split.updateAdam(64, 128, 192, 256, 40_000, 0.9);
    expect(lists).toHaveLength(2);
    for (const [first, second] of lists) {
      expect(first).toEqual({ name: 'setUpdate', args: [128, 0.1, 1, 0] });
      expect(second.name).toBe('updateAdam');
      expect(second.args.slice(5)).toEqual([0.9]);
    }
  });

  test('with a result per block is divided at blocks', () => {
    const { split, lists } = splitFor(4);
    split.fingerprint(0, 150_000, 8_000_000, 65_536);
    expect(lists.map(([{ args }]) => args)).toEqual([
      [0, 65_536, 8_000_000, 65_536],
      [262_144, 65_536, 8_000_064, 65_536],
      [524_288, 18_928, 8_000_128, 65_536],
    ]);
  });

  test.for([
    ['of a short vector', 4, 'addInto', [0, 64, 1_000]],
    ['without free threads', 1, 'addInto', [0, 64, 100_000]],
    ['of another export', 4, 'activate', [0, 0, 64, 100_000]],
  ] as const)('%s is not divided', ([, threads, name, args]) => {
    const { split, calls, lists } = splitFor(threads);
    split[name](...args);
    expect([calls, lists]).toEqual([[{ name, args: [...args] }], []]);
  });
});
