import { describe, expect, test } from 'vitest';
import type { ClusterView } from '../../../coordinator/cluster/cluster.ts';
import {
  createCounters,
  createRefusalCounters,
} from '../../../coordinator/reporting/pool-events.ts';
import { createProgressMeter } from '../../../coordinator/reporting/progress-meter.ts';
import { statusOf } from '../../../coordinator/run-status.ts';
import { statusOf as statusOfMember } from '../../../coordinator/scheduling/member.ts';
import { createSimulatedClock } from '../../support/simulation/simulated-clock.ts';
import { createToyDataset } from '../../support/toy-dataset.ts';
import { toyMember } from '../../support/toy-member.ts';
import { createToyRun, toyConfig } from '../../support/toy-run.ts';

const dataset = createToyDataset();
const config = toyConfig(dataset);
const EPOCHS = 3;

/** A run after `steps` updates, on `worldSize` workers. */
function runAt(
  steps: number,
  worldSize = 2,
  isGathered = true,
  workers: ClusterView['pool']['workers'] = () => [],
) {
  const clock = createSimulatedClock();
  const { workload, server, progress } = createToyRun(config, dataset, EPOCHS, clock);
  const stepCount = EPOCHS * workload.stepsPerEpoch;
  const root = new Float32Array(workload.vectorLength('train'));
  for (let step = 0; step < steps; step++) server.update(root, config.globalBatch);
  const meter = createProgressMeter(clock, stepCount);
  const counters = createCounters();
  const refusals = createRefusalCounters();
  const pool = { worldSize, workers, counters, refusals, roundUnderWay: undefined };
  const cluster = { pool, isGathered };
  const status = () => statusOf({ config, workload, server, progress, stepCount }, meter, cluster);
  const { stepsPerEpoch } = workload;
  return { status, meter, progress, counters, refusals, stepCount, stepsPerEpoch };
}

describe('a status', () => {
  test('tells what is trained, and has no numbers before the first step', () => {
    const { status, counters, refusals, stepCount } = runAt(0);
    expect(status()).toEqual({
      state: 'training',
      model: '20-7-3',
      parameterCount: 20 * 7 + 7 + 7 * 3 + 3,
      globalBatch: 96,
      microBatchCount: 16,
      step: 0,
      stepCount,
      epoch: 1,
      worldSize: 2,
      examplesPerSecond: 0,
      secondsLeft: null,
      trainLoss: null,
      validationLoss: null,
      testAccuracy: null,
      workers: [],
      counters,
      refusals,
    });
  });

  test('says since when each worker is here, in words that all clocks share', () => {
    const member = statusOfMember(toyMember(1, { admittedAt: performance.now() }));
    const [worker] = runAt(1, 1, true, () => [member]).status().workers;
    const { admittedAt, ...rest } = member;
    expect(worker).toEqual({ ...rest, since: expect.stringMatching(/^20.*Z$/) });
    expect(Math.abs(Date.parse(worker.since) - Date.now())).toBeLessThan(3_600_000);
  });

  test('waits while nobody is there, and while fewer have come than are needed', () => {
    expect(runAt(1, 0).status().state).toBe('waiting');
    expect(runAt(1, 2, false).status().state).toBe('waiting');
    expect(runAt(1, 0, false).status().state).toBe('waiting');
    expect(runAt(1, 1).status().state).toBe('training');
  });

  test('is finishing after the last step, not before', () => {
    const { stepCount } = runAt(0);
    expect(runAt(stepCount - 1).status()).toMatchObject({ state: 'training', epoch: EPOCHS });
    expect(runAt(stepCount).status()).toMatchObject({ state: 'finishing', step: stepCount });
    expect(runAt(stepCount, 0).status().state).toBe('waiting');
  });

  test('counts epochs from 1, and ends one only when it has been evaluated', () => {
    const { stepsPerEpoch, stepCount } = runAt(0);
    expect(runAt(stepsPerEpoch - 1).status().epoch).toBe(1);
    expect(runAt(stepsPerEpoch).status().epoch).toBe(1);
    expect(runAt(stepsPerEpoch + 1).status().epoch).toBe(2);
    expect(runAt(stepCount).status().epoch).toBe(EPOCHS);
  });

  test('has the numbers of the last event and of the last epoch', () => {
    const { status, meter, progress, stepCount } = runAt(2);
    const record = { step: 1, epoch: 1, loss: 0.5, accuracy: 0, learningRate: 1, worldSize: 2 };
    const event = { ...record, examples: 96, milliseconds: 1000, work: [], fingerprint: '' };
    meter.record({ ...event, chain: '' });
    const result = { epoch: 1, step: 2, trainLoss: 3, trainAccuracy: 0, testLoss: 4 };
    const evaluated = { validationLoss: null, validationAccuracy: null, testAccuracy: 0 };
    progress.last = { ...result, ...evaluated };
    expect(status()).toMatchObject({
      examplesPerSecond: 96,
      secondsLeft: stepCount - 2,
      trainLoss: 0.5,
      validationLoss: null,
      testAccuracy: 0,
    });
    progress.last = { ...result, ...evaluated, validationLoss: 0.25 };
    expect(status().validationLoss).toBe(0.25);
  });
});
