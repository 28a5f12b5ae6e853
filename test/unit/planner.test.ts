import { describe, expect, test } from 'vitest';
import { planShares } from '../../coordinator/planner.ts';
import { createStragglerDeadline } from '../../coordinator/straggler-deadline.ts';
import { measure, measureExchange, plannedSpeeds, type Throughput } from '../../coordinator/throughput.ts';
import { createDraws } from '../support/draws.ts';

const sizes = (
  range: { lo: number; hi: number },
  throughputs: (number | undefined)[],
  exchangePart?: number,
) => planShares(range, throughputs, exchangePart).map(({ lo, hi }) => hi - lo);

describe('shares', () => {
  test('are equal for equal workers, proportional for others', () => {
    expect(sizes({ lo: 0, hi: 16 }, [100, 100])).toEqual([8, 8]);
    expect(sizes({ lo: 0, hi: 16 }, [300, 100])).toEqual([12, 4]);
    expect(sizes({ lo: 0, hi: 16 }, [1, 2, 1])).toEqual([4, 8, 4]);
    expect(sizes({ lo: 0, hi: 15 }, [7, 7, 7, 7, 7])).toEqual([3, 3, 3, 3, 3]);
  });

  test('end between large subtrees where that is near, so that few vectors travel', () => {
    expect(sizes({ lo: 0, hi: 16 }, [110, 90])).toEqual([8, 8]);
    expect(sizes({ lo: 0, hi: 16 }, [290, 100])).toEqual([12, 4]);
    expect(sizes({ lo: 0, hi: 16 }, [1, 1, 1])).toEqual([6, 4, 6]);
    expect(sizes({ lo: 4, hi: 16 }, [1, 1])).toEqual([6, 6]);
  });

  test('end between larger subtrees the more exchanging costs, but give each worker its part', () => {
    const range = { lo: 0, hi: 16 };
    expect(sizes(range, [60, 40], 0)).toEqual([10, 6]);
    expect(sizes(range, [60, 40], 0.3)).toEqual([10, 6]);
    expect(sizes(range, [60, 40], 0.4)).toEqual([8, 8]);
    expect(sizes(range, [60, 40], 1)).toEqual([8, 8]);
    expect(sizes(range, [80, 20], 1)).toEqual([12, 4]);
    expect(sizes(range, [1, 1, 1], 1)).toEqual([4, 8, 4]);
  });

  test('are small for slow workers, not empty', () => {
    expect(sizes({ lo: 0, hi: 16 }, [1000, 80])).toEqual([15, 1]);
  });

  test('count a worker that was not measured as a typical one', () => {
    expect(sizes({ lo: 0, hi: 12 }, [50, undefined, 50])).toEqual([4, 4, 4]);
    expect(sizes({ lo: 0, hi: 12 }, [undefined, undefined])).toEqual([6, 6]);
  });

  test('may be empty where there are more workers than leaves', () => {
    expect(sizes({ lo: 0, hi: 2 }, [1, 1, 1, 1]).reduce((a, b) => a + b)).toBe(2);
  });

  test('always cover the range, in order, each near its due', () => {
    const draws = createDraws(1);
    for (let trial = 0; trial < 1000; trial++) {
      const lo = draws.integer(0, 9);
      const range = { lo, hi: lo + draws.integer(1, 100) };
      const throughputs = Array.from({ length: draws.integer(1, 12) }, () => 1 + 1000 * draws.fraction());
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

describe('the straggler deadline', () => {
  /** A deadline that has seen shares take so many times their expected time, and rounds of some duration. */
  function deadlineAfter(ratios: number[], roundMs = 1000) {
    const deadline = createStragglerDeadline();
    for (const ratio of ratios) deadline.recordShare(1000, 1000 * ratio);
    for (const _ of ratios) deadline.recordRound('train', roundMs);
    return { deadlineMs: (expectedMs?: number) => deadline.deadlineMs('train', expectedMs), deadline };
  }

  const steady = new Array<number>(20).fill(1);

  test('is long while nothing is known', () => {
    expect(deadlineAfter([]).deadlineMs(1000)).toBe(30_000);
    expect(deadlineAfter([1, 1, 1]).deadlineMs(1000)).toBe(30_000);
    expect(deadlineAfter(steady).deadline.deadlineMs('test', 1000)).toBe(30_000);
  });

  test('is the expected time, plus eight times the usual deviation', () => {
    const ratios = [0.9, 1.1, 0.9, 1.1, 0.9, 1.1, 1, 1, 1];
    // Of |ratio - 1| the upper median is 0.1.
    expect(deadlineAfter(ratios).deadlineMs(1000)).toBeCloseTo(1000 * (1 + 8 * 0.1));
    expect(deadlineAfter(ratios).deadlineMs(1500)).toBeCloseTo(1500 * (1 + 8 * 0.1));
  });

  test('is not moved by a few stragglers', () => {
    const ratios = [0.9, 1, 1.1, 0.9, 1, 1.1, 0.9, 1, 1.1, 1];
    expect(deadlineAfter([...ratios, 50, 80]).deadlineMs(1000)).toBeLessThan(2000);
  });

  test('is three and a half usual rounds at most, so that a stall is noticed soon however much shares vary', () => {
    const wild = [0.1, 1, 5, 0.2, 3, 1, 8, 0.5, 2];
    expect(deadlineAfter(wild, 100).deadlineMs(90)).toBe(350);
  });

  test('of a first share has time for compiling, in proportion to a round', () => {
    expect(deadlineAfter(steady, 100).deadlineMs()).toBe(2_000);
    expect(deadlineAfter(steady, 10).deadlineMs()).toBe(1_000);
  });

  test('has bounds', () => {
    expect(deadlineAfter(steady, 5).deadlineMs(1)).toBe(20);
    expect(deadlineAfter(steady, 1e9).deadlineMs(1e9)).toBe(30_000);
  });
});

describe('the exchange part of a share', () => {
  test('is what is not computing, and follows slowly', () => {
    let part = 0;
    for (let i = 0; i < 40; i++) part = measureExchange(part, 3, 10);
    expect(part).toBeCloseTo(0.7, 3);
    expect(measureExchange(part, 10, 10)).toBeCloseTo(0.56, 3);
  });

  test('is between none and all, whatever a worker claims', () => {
    expect(measureExchange(0.5, 1e300, 10)).toBeCloseTo(0.4);
    expect(measureExchange(0.5, 0, 10)).toBeCloseTo(0.6);
  });
});

describe('a worker’s speed', () => {
  /** What is known after so many shares of about this speed, each off by up to `noise` of it. */
  function known(examplesPerSecond: number, noise: number, shares: number, seed: number) {
    const draws = createDraws(seed);
    let throughput: Throughput | undefined;
    for (let i = 0; i < shares; i++) {
      const factor = 1 + noise * (2 * draws.fraction() - 1);
      throughput = measure(throughput, examplesPerSecond * factor);
    }
    return throughput;
  }

  test('that chance makes different is not taken for a difference: equal workers get equal shares', () => {
    for (const count of [2, 4, 8]) {
      const isEven = Array.from({ length: 200 }, (_, trial) => {
        const workers = Array.from({ length: count }, (_, rank) => known(1000, 0.3, 20, 8 * trial + rank));
        const shares = planShares({ lo: 0, hi: 16 }, plannedSpeeds(workers));
        return shares.every(({ lo, hi }) => hi - lo === 16 / count);
      });
      expect(isEven.filter(Boolean).length).toBeGreaterThan(160);
    }
  });

  test('that does differ counts in full after a few shares', () => {
    for (let seed = 0; seed < 50; seed++) {
      const workers = [known(1000, 0.1, 10, 2 * seed), known(500, 0.1, 10, 2 * seed + 1)];
      const [{ hi }] = planShares({ lo: 0, hi: 16 }, plannedSpeeds(workers));
      expect(hi).toBeGreaterThanOrEqual(10);
      expect(hi).toBeLessThanOrEqual(11);
    }
  });

  test('is unknown before the first share', () => {
    expect(plannedSpeeds([undefined, known(10, 0, 1, 1)])).toEqual([undefined, 10]);
    expect(plannedSpeeds([])).toEqual([]);
  });
});
