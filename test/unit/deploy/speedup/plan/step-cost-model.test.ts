import { describe, expect, test } from 'vitest';
import {
  bestPrediction,
  type ClusterPlan,
  predictStep,
  type StepCosts,
} from '../../../../../deploy/speedup/plan/step-cost-model.ts';

const INFINITE = Number.POSITIVE_INFINITY;
const free: StepCosts = {
  shareMs: 0,
  exampleMs: 1,
  fixedMs: 0,
  sendMs: 0,
  receiveMs: 0,
  exchangeMs: 0,
};
const plan: ClusterPlan = {
  globalBatch: 128,
  microBatchCount: 16,
  vectorBytes: 1e6,
  workerSpeed: 1,
  bandwidth: INFINITE,
  latencyMs: 0,
  cores: INFINITE,
  workerCores: INFINITE,
};

describe('a predicted step', () => {
  test('is only computing time if nothing else costs time', () => {
    for (const workers of [1, 2, 4, 8, 16])
      expect(predictStep(free, plan, workers)).toMatchObject({
        stepMs: 128 / workers,
        limit: 'compute',
      });
  });

  test('takes as long as the largest share, 6 of 16 micro-batches for 3 workers', () => {
    expect(predictStep(free, plan, 3).stepMs).toBe(48);
  });

  test('gives no work to more workers than micro-batches', () => {
    expect(predictStep(free, plan, 1000).stepMs).toBe(8);
  });

  test('adds up the coordinator’s time for each worker', () => {
    const costs = { ...free, exampleMs: 0, sendMs: 2, receiveMs: 3, fixedMs: 1 };
    // The coordinator writes 8 times, reads 8 times, and spends the fixed time.
    expect(predictStep(costs, plan, 8)).toMatchObject({
      stepMs: 8 * 2 + 8 * 3 + 1,
      limit: 'coordinator',
    });
  });

  test('reads the answers of early workers while later workers compute', () => {
    const costs = { ...free, sendMs: 2, receiveMs: 2 };
    // The second worker has its parameters after 4 ms and computes for 64 ms. Reading takes 2 ms.
    expect(predictStep(costs, plan, 2).stepMs).toBe(4 + 64 + 2);
  });

  test('takes as long as a slow network needs', () => {
    const slow = { ...plan, bandwidth: 1e9, latencyMs: 5 };
    // Each direction takes 8 ms for a megabyte and 5 ms of latency.
    expect(predictStep({ ...free, exampleMs: 0.01 }, slow, 1)).toMatchObject({ limit: 'network' });
    expect(predictStep({ ...free, exampleMs: 0.01 }, slow, 1).stepMs).toBeCloseTo(
      8 + 5 + 1.28 + 5 + 8,
    );
  });

  test('takes at least the total work divided by the shared cores', () => {
    expect(predictStep(free, { ...plan, cores: 2 }, 8)).toMatchObject({
      stepMs: 64,
      limit: 'cores',
    });
  });

  test('pauses under a CPU quota, most often for the slowest of many workers', () => {
    const quota = { ...plan, workerSpeed: 0.2 };
    // 128 ms of work are 6.4 slices of 20 ms on average, with pauses of 80 ms.
    expect(predictStep(free, quota, 1).stepMs).toBeCloseTo(128 / 0.2);
    // 16 ms: most of the eight workers pause once, so the slowest almost always does.
    expect(predictStep(free, quota, 8).stepMs).toBeCloseTo(16 + 80, 0);
    // 32 ms: each worker pauses once or twice.
    expect(predictStep(free, quota, 4).stepMs).toBeGreaterThan(32 + 1.9 * 80 - 5);
    expect(predictStep(free, quota, 4).stepMs).toBeLessThanOrEqual(32 + 2 * 80);
  });
});

test('the best number of workers is the smallest that gains nothing from another', () => {
  expect(bestPrediction(free, plan, 4096).workers).toBe(16);
  const costs = { ...free, sendMs: 10, receiveMs: 10 };
  const best = bestPrediction(costs, plan, 4096);
  for (const workers of [1, 2, 3, 4, 5, 6, 7, 8, 16])
    expect(predictStep(costs, plan, workers).throughput).toBeLessThanOrEqual(
      best.throughput * 1.001,
    );
});
