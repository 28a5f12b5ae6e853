import { describe, expect, test } from 'vitest';
import { planShares } from '../../../../coordinator/scheduling/planner.ts';
import {
  measure,
  measureCommunication,
  plannedSpeeds,
  type Throughput,
} from '../../../../coordinator/scheduling/throughput.ts';
import { createDraws } from '../../../support/simulation/draws.ts';

describe('the communication fraction of a share', () => {
  test('is the time not spent computing, averaged over recent shares', () => {
    let part = 0;
    for (let i = 0; i < 40; i++) part = measureCommunication(part, 3, 10);
    expect(part).toBeCloseTo(0.7, 3);
    expect(measureCommunication(part, 10, 10)).toBeCloseTo(0.56, 3);
  });

  test('stays between 0 and 1, even if a worker reports impossible times', () => {
    expect(measureCommunication(0.5, 1e300, 10)).toBeCloseTo(0.4);
    expect(measureCommunication(0.5, 0, 10)).toBeCloseTo(0.6);
  });
});

describe('a worker’s speed', () => {
  /** The throughput measured over `shares` shares, each off by a factor of up to 1 ± `noise`. */
  function known(examplesPerSecond: number, noise: number, shares: number, seed: number) {
    const draws = createDraws(seed);
    let throughput: Throughput | undefined;
    for (let i = 0; i < shares; i++) {
      const factor = 1 + noise * (2 * draws.fraction() - 1);
      throughput = measure(throughput, examplesPerSecond * factor);
    }
    return throughput;
  }

  test('counts as equal if it differs only by chance', () => {
    for (const count of [2, 4, 8]) {
      const isEven = Array.from({ length: 200 }, (_, trial) => {
        const workers = Array.from({ length: count }, (_, rank) =>
          known(1000, 0.3, 20, 8 * trial + rank),
        );
        const shares = planShares({ lo: 0, hi: 16 }, plannedSpeeds(workers));
        return shares.every(({ lo, hi }) => hi - lo === 16 / count);
      });
      expect(isEven.filter(Boolean).length).toBeGreaterThan(160);
    }
  });

  test('counts in full after a few shares if it really differs', () => {
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
