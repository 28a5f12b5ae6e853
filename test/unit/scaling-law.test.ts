import { describe, expect, test } from 'vitest';
import {
  bestWorkers,
  fitScalingLaw,
  serialFraction,
  throughputAt,
} from '../../deploy/speedup/scaling-law.ts';

const COUNTS = [1, 2, 4, 8, 16];
const pointsOf = (law: Parameters<typeof throughputAt>[0], counts = COUNTS) =>
  counts.map((workers) => ({ workers, throughput: throughputAt(law, workers) }));

describe('the fitted law', () => {
  test('is the one that the points come from', () => {
    for (const law of [
      { lambda: 1000, sigma: 0.05, kappa: 0.002 },
      { lambda: 3, sigma: 0.2, kappa: 0 },
      { lambda: 70, sigma: 0, kappa: 0.01 },
      { lambda: 5, sigma: 0, kappa: 0 },
    ]) {
      const fitted = fitScalingLaw(pointsOf(law));
      expect(fitted.lambda).toBeCloseTo(law.lambda, 6);
      expect(fitted.sigma).toBeCloseTo(law.sigma, 8);
      expect(fitted.kappa).toBeCloseTo(law.kappa, 8);
    }
  });

  test('never has negative parts, whatever noise says', () => {
    const superlinear = COUNTS.map((workers) => ({ workers, throughput: 100 * workers ** 1.1 }));
    const { sigma, kappa } = fitScalingLaw(superlinear);
    expect(sigma).toBe(0);
    expect(kappa).toBe(0);
  });

  test('of one point is linear, of two Amdahl’s at most', () => {
    expect(fitScalingLaw([{ workers: 4, throughput: 400 }])).toEqual({ lambda: 100, sigma: 0, kappa: 0 });
    const two = fitScalingLaw(pointsOf({ lambda: 10, sigma: 0.1, kappa: 0 }, [1, 4]));
    expect(two.lambda).toBeCloseTo(10);
    expect(two.sigma).toBeCloseTo(0.1);
    expect(two.kappa).toBe(0);
  });

  test('has its peak where more workers begin to cost more than they bring', () => {
    const law = { lambda: 1, sigma: 0.1, kappa: 0.001 };
    const best = bestWorkers(law);
    expect(best).toBeCloseTo(30);
    expect(throughputAt(law, best)).toBeGreaterThan(throughputAt(law, best + 1));
    expect(throughputAt(law, best)).toBeGreaterThan(throughputAt(law, best - 1));
    expect(bestWorkers({ lambda: 1, sigma: 0.1, kappa: 0 })).toBe(Number.POSITIVE_INFINITY);
  });
});

test('the serial fraction is that of Amdahl’s law', () => {
  const speedup = (workers: number) => 1 / (0.07 + 0.93 / workers);
  for (const workers of [2, 8, 64]) expect(serialFraction(speedup(workers), workers)).toBeCloseTo(0.07);
  expect(serialFraction(4, 4)).toBeCloseTo(0);
});
