import { describe, expect, test } from 'vitest';
import { planShares } from '../../../../coordinator/scheduling/planner.ts';
import { createDraws } from '../../../support/simulation/draws.ts';

const sizes = (
  range: { lo: number; hi: number },
  throughputs: (number | undefined)[],
  communicationFraction?: number,
) => planShares(range, throughputs, communicationFraction).map(({ lo, hi }) => hi - lo);

describe('shares', () => {
  test('are proportional to the speeds of the workers', () => {
    expect(sizes({ lo: 0, hi: 16 }, [100, 100])).toEqual([8, 8]);
    expect(sizes({ lo: 0, hi: 16 }, [300, 100])).toEqual([12, 4]);
    expect(sizes({ lo: 0, hi: 16 }, [1, 2, 1])).toEqual([4, 8, 4]);
    expect(sizes({ lo: 0, hi: 15 }, [7, 7, 7, 7, 7])).toEqual([3, 3, 3, 3, 3]);
  });

  test('end at a nearby boundary of large subtrees, to send fewer vectors', () => {
    expect(sizes({ lo: 0, hi: 16 }, [110, 90])).toEqual([8, 8]);
    expect(sizes({ lo: 0, hi: 16 }, [290, 100])).toEqual([12, 4]);
    expect(sizes({ lo: 0, hi: 16 }, [1, 1, 1])).toEqual([6, 4, 6]);
    expect(sizes({ lo: 4, hi: 16 }, [1, 1])).toEqual([6, 6]);
  });

  test('end at boundaries of larger subtrees if communication costs more', () => {
    const range = { lo: 0, hi: 16 };
    expect(sizes(range, [60, 40], 0)).toEqual([10, 6]);
    expect(sizes(range, [60, 40], 0.3)).toEqual([10, 6]);
    expect(sizes(range, [60, 40], 0.4)).toEqual([8, 8]);
    expect(sizes(range, [60, 40], 1)).toEqual([8, 8]);
    expect(sizes(range, [80, 20], 1)).toEqual([12, 4]);
    expect(sizes(range, [1, 1, 1], 1)).toEqual([4, 8, 4]);
  });

  test('are small, but not empty, for slow workers', () => {
    expect(sizes({ lo: 0, hi: 16 }, [1000, 80])).toEqual([15, 1]);
  });

  test('treat an unmeasured worker as a typical one', () => {
    expect(sizes({ lo: 0, hi: 12 }, [50, undefined, 50])).toEqual([4, 4, 4]);
    expect(sizes({ lo: 0, hi: 12 }, [undefined, undefined])).toEqual([6, 6]);
  });

  test('may be empty if there are more workers than leaves', () => {
    expect(sizes({ lo: 0, hi: 2 }, [1, 1, 1, 1]).reduce((a, b) => a + b)).toBe(2);
  });

  test('cover the range in order, each close to its proportional size', () => {
    const draws = createDraws(1);
    for (let trial = 0; trial < 1000; trial++) {
      const lo = draws.integer(0, 9);
      const range = { lo, hi: lo + draws.integer(1, 100) };
      const throughputs = Array.from(
        { length: draws.integer(1, 12) },
        () => 1 + 1000 * draws.fraction(),
      );
      const total = throughputs.reduce((a, b) => a + b);
      let end = range.lo;
      for (const [index, share] of planShares(range, throughputs).entries()) {
        expect(share.lo).toBe(end);
        end = share.hi;
        const due = ((range.hi - range.lo) * throughputs[index]) / total;
        expect(Math.abs(share.hi - share.lo - due)).toBeLessThanOrEqual(1 + due / 2);
      }
      expect(end).toBe(range.hi);
    }
  });
});
