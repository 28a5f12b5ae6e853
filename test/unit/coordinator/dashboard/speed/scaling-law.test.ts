import { describe, expect, test } from 'vitest';
import {
  bestWorkers,
  describeBest,
  describeLaw,
  fitScalingLaw,
  serialFraction,
  throughputAt,
} from '../../../../../coordinator/dashboard/speed/scaling-law.ts';

const COUNTS = [1, 2, 4, 8, 16];
const pointsOf = (law: Parameters<typeof throughputAt>[0], counts = COUNTS) =>
  counts.map((workers) => ({ workers, throughput: throughputAt(law, workers) }));

describe('the fitted scaling law', () => {
  test('is the law that the points come from', () => {
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

  test('has no negative parameters for superlinear measurements', () => {
    const superlinear = COUNTS.map((workers) => ({ workers, throughput: 100 * workers ** 1.1 }));
    const { sigma, kappa } = fitScalingLaw(superlinear);
    expect(sigma).toBe(0);
    expect(kappa).toBe(0);
  });

  test('is linear for one point and follows Amdahl’s law for two', () => {
    expect(fitScalingLaw([{ workers: 4, throughput: 400 }])).toEqual({
      lambda: 100,
      sigma: 0,
      kappa: 0,
    });
    const two = fitScalingLaw(pointsOf({ lambda: 10, sigma: 0.1, kappa: 0 }, [1, 4]));
    expect(two.lambda).toBeCloseTo(10);
    expect(two.sigma).toBeCloseTo(0.1);
    expect(two.kappa).toBe(0);
  });

  test('has its peak where another worker begins to reduce the throughput', () => {
    const law = { lambda: 1, sigma: 0.1, kappa: 0.001 };
    const best = bestWorkers(law);
    expect(best).toBeCloseTo(30);
    expect(throughputAt(law, best)).toBeGreaterThan(throughputAt(law, best + 1));
    expect(throughputAt(law, best)).toBeGreaterThan(throughputAt(law, best - 1));
    expect(bestWorkers({ lambda: 1, sigma: 0.1, kappa: 0 })).toBe(Number.POSITIVE_INFINITY);
  });
});

test('the serial fraction follows Amdahl’s law', () => {
  const speedup = (workers: number) => 1 / (0.07 + 0.93 / workers);
  for (const workers of [2, 8, 64])
    expect(serialFraction(speedup(workers), workers)).toBeCloseTo(0.07);
  expect(serialFraction(4, 4)).toBeCloseTo(0);
});

describe('the words for a law', () => {
  const law = { lambda: 1000, sigma: 0.05, kappa: 0.002 };

  test('name it and its coefficients', () => {
    expect(describeLaw(law)).toBe('universal scalability law: σ = 0.050, κ = 0.0020');
    expect(describeLaw({ ...law, kappa: 0 })).toBe('Amdahl’s law: σ = 0.050');
    expect(describeLaw({ ...law, sigma: 0, kappa: 0 })).toBe('linear law');
  });

  test('give the best number of workers, and warn if that is far from what was measured', () => {
    expect(describeBest(law, 16)).toMatch(/fastest with 22 workers, at 7,\d{3} examples\/s\.$/);
    expect(describeBest(law, 10)).toMatch(/far beyond/);
    expect(describeBest({ ...law, kappa: 0 }, 4)).toMatch(/approaches 20 /);
    expect(describeBest({ ...law, sigma: 0, kappa: 0 }, 4)).toMatch(/no limit/);
  });
});
