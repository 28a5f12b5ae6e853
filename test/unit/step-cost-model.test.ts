import { describe, expect, test } from 'vitest';
import {
  bestPrediction,
  type ClusterPlan,
  predictStep,
  type StepCosts,
} from '../../deploy/speedup/step-cost-model.ts';

const INFINITE = Number.POSITIVE_INFINITY;
const free: StepCosts = { shareMs: 0, exampleMs: 1, fixedMs: 0, sendMs: 0, receiveMs: 0, exchangeMs: 0 };
const plan: ClusterPlan = {
  ...{ globalBatch: 128, microBatchCount: 16, vectorBytes: 1e6, workerSpeed: 1 },
  ...{ bandwidth: INFINITE, latencyMs: 0, cores: INFINITE, workerCores: INFINITE },
};

describe('a predicted step', () => {
  test('is computing alone where nothing else costs anything', () => {
    for (const workers of [1, 2, 4, 8, 16])
      expect(predictStep(free, plan, workers)).toMatchObject({ stepMs: 128 / workers, limit: 'compute' });
  });

  test('waits for the largest share: three workers have 6, 4 and 6 of 16 micro-batches', () => {
    expect(predictStep(free, plan, 3).stepMs).toBe(48);
  });

  test('has no work for more workers than micro-batches', () => {
    expect(predictStep(free, plan, 1000).stepMs).toBe(8);
  });

  test('takes the coordinator’s time for each worker in turn', () => {
    const costs = { ...free, exampleMs: 0, sendMs: 2, receiveMs: 3, fixedMs: 1 };
    // 8 writes, and each answer is read as soon as there is time for it.
    expect(predictStep(costs, plan, 8)).toMatchObject({ stepMs: 8 * 2 + 8 * 3 + 1, limit: 'coordinator' });
  });

  test('reads the answers of early workers while late ones compute', () => {
    const costs = { ...free, sendMs: 2, receiveMs: 2 };
    // The last of two has its parameters after 4 ms, computes 64, and its answer is read in 2.
    expect(predictStep(costs, plan, 2).stepMs).toBe(4 + 64 + 2);
  });

  test('takes as long as the network needs where that is slower', () => {
    const slow = { ...plan, bandwidth: 1e9, latencyMs: 5 };
    // 8 ms for a megabyte, out and in, and twice the latency.
    expect(predictStep({ ...free, exampleMs: 0.01 }, slow, 1)).toMatchObject({ limit: 'network' });
    expect(predictStep({ ...free, exampleMs: 0.01 }, slow, 1).stepMs).toBeCloseTo(8 + 5 + 1.28 + 5 + 8);
  });

  test('takes at least all its work where cores are shared, and longer under a quota', () => {
    expect(predictStep(free, { ...plan, cores: 2 }, 8)).toMatchObject({ stepMs: 64, limit: 'cores' });
  });

  test('is stopped by a quota in slices, and the slowest of many once more', () => {
    const quota = { ...plan, workerSpeed: 0.2 };
    // 128 ms of work in slices of 20, 80 ms apart: 6.4 of them on average.
    expect(predictStep(free, quota, 1).stepMs).toBeCloseTo(128 / 0.2);
    // 16 ms: most of the eight are stopped once, and so the last almost always is.
    expect(predictStep(free, quota, 8).stepMs).toBeCloseTo(16 + 80, 0);
    // 32 ms: once or twice.
    expect(predictStep(free, quota, 4).stepMs).toBeGreaterThan(32 + 1.9 * 80 - 5);
    expect(predictStep(free, quota, 4).stepMs).toBeLessThanOrEqual(32 + 2 * 80);
  });
});

test('the best number of workers is the least that gains nothing from one more', () => {
  expect(bestPrediction(free, plan, 4096).workers).toBe(16);
  const costs = { ...free, sendMs: 10, receiveMs: 10 };
  const best = bestPrediction(costs, plan, 4096);
  for (const workers of [1, 2, 3, 4, 5, 6, 7, 8, 16])
    expect(predictStep(costs, plan, workers).throughput).toBeLessThanOrEqual(best.throughput * 1.001);
});
