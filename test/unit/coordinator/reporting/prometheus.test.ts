import { spawnSync } from 'node:child_process';
import { describe, expect, test } from 'vitest';
import type { StartEvent } from '../../../../coordinator/reporting/events.ts';
import {
  createCounters,
  createRefusalCounters,
  REFUSALS,
} from '../../../../coordinator/reporting/pool-events.ts';
import {
  createPrometheusMetrics,
  type RunFigures,
} from '../../../../coordinator/reporting/prometheus.ts';
import type { StepRecord } from '../../../../coordinator/training/ledger.ts';
import { parseExposition } from '../../../support/prometheus-text.ts';

const counters = createCounters();
const refusals = createRefusalCounters();
const fresh: RunFigures = {
  step: 0,
  stepCount: 100,
  epoch: 1,
  trainLoss: null,
  validationLoss: null,
  testAccuracy: null,
  workers: [],
  counters,
  refusals,
};
const recordOf = (change: Partial<StepRecord>) =>
  ({ step: 0, epoch: 1, learningRate: 0.1, examples: 128, ...change }) as StepRecord;
const times = { updateMs: 1, doneAt: 0 };
const start: StartEvent = {
  event: 'start',
  runDir: '/home/somebody/runs/first "run"',
  resumedFrom: null,
  initialWeightsFrom: null,
  dataset: 'to\u001by\n',
  model: '20-7-3',
  numerics: 'fused',
  tile: 'plain',
  parameterCount: 171,
  trainingExamples: 1,
  validationExamples: 1,
  testExamples: 1,
  globalBatch: 96,
  microBatchCount: 16,
  stepsPerEpoch: 4,
  epochs: 1,
  step: 0,
};
const hasPromtool = spawnSync('promtool', ['--version']).status === 0;

/** The metrics of a run after some steps, with all that they can have. */
async function fullMetrics() {
  const metrics = await createPrometheusMetrics();
  metrics.observe(start);
  metrics.observe({ event: 'checkpoint', step: 1, file: '' });
  metrics.recordStep(recordOf({ milliseconds: 20 }), times);
  const worker = { rank: 0, state: 'computing', examplesPerSecond: 900.5 } as const;
  const known = { trainLoss: 0.25, validationLoss: 0.5, testAccuracy: 0.875 };
  return metrics.exposition({ ...fresh, ...known, workers: [worker] });
}

describe('the metrics of a run', () => {
  test('are a text of the version that its type names, with help and type each', async () => {
    const { type, text } = await fullMetrics();
    expect(type).toBe('text/plain; version=0.0.4; charset=utf-8');
    const { types, helps, samples } = parseExposition(text);
    expect([...types.keys()]).toEqual([...helps.keys()]);
    for (const { name } of samples)
      expect([...types.keys()]).toContain(name.replace(/_(bucket|sum|count)$/, ''));
    for (const [name, kind] of types)
      expect(name.endsWith('_total'), name).toBe(kind === 'counter');
    for (const [name, help] of helps) {
      expect(help, name).toMatch(/^[A-Z].*\.$/);
      if (/_seconds/.test(name)) expect(help, name).toMatch(/second/);
      if (/_bytes/.test(name)) expect(help, name).toMatch(/bytes/i);
    }
  });

  test.skipIf(!hasPromtool)('please promtool', async () => {
    const { text } = await fullMetrics();
    const { status, stdout, stderr } = spawnSync('promtool', ['check', 'metrics'], {
      input: text,
      encoding: 'utf8',
    });
    expect([status, stdout, stderr]).toEqual([0, '', '']);
  });

  test('have the figures of the status', async () => {
    const metrics = await createPrometheusMetrics();
    const figures = {
      step: 42,
      stepCount: 100,
      epoch: 3,
      trainLoss: 0.1 + 0.2,
      validationLoss: 1e-9,
      testAccuracy: 0.8851,
    };
    const { text } = await metrics.exposition({ ...fresh, ...figures });
    const { value } = parseExposition(text);
    expect(value('lockstep_step')).toBe(42);
    expect(value('lockstep_planned_steps')).toBe(100);
    expect(value('lockstep_epoch')).toBe(3);
    expect(value('lockstep_train_loss')).toBe(0.1 + 0.2);
    expect(value('lockstep_validation_loss')).toBe(1e-9);
    expect(value('lockstep_test_accuracy_ratio')).toBe(0.8851);
    expect(value('lockstep_test_rmse')).toBeUndefined();
  });

  test('have errors in place of the accuracy if the target is a number', async () => {
    const metrics = await createPrometheusMetrics();
    const testErrors = { rmse: 41_770.5, mae: 32_799, r2: -0.25 };
    const { value } = parseExposition((await metrics.exposition({ ...fresh, testErrors })).text);
    expect(value('lockstep_test_rmse')).toBe(41_770.5);
    expect(value('lockstep_test_mae')).toBe(32_799);
    expect(value('lockstep_test_r2')).toBe(-0.25);
    expect(value('lockstep_test_accuracy_ratio')).toBeUndefined();
  });

  test('have no sample for a number that is not known, then or anymore', async () => {
    const metrics = await createPrometheusMetrics();
    const unknown = [
      'lockstep_train_loss',
      'lockstep_validation_loss',
      'lockstep_test_accuracy_ratio',
    ];
    const never = ['lockstep_checkpoint_last_success_timestamp_seconds', 'lockstep_learning_rate'];
    const known = { trainLoss: 1, validationLoss: 1, testAccuracy: 1 };
    for (const figures of [fresh, { ...fresh, ...known }, fresh]) {
      const { value } = parseExposition((await metrics.exposition(figures)).text);
      for (const name of unknown) expect(value(name)).toBe(figures === fresh ? undefined : 1);
      for (const name of never) expect(value(name)).toBeUndefined();
    }
  });

  test('count the steps of this process', async () => {
    const metrics = await createPrometheusMetrics();
    for (const [i, milliseconds] of [1, 4, 4.5, 700, 90_000].entries())
      metrics.recordStep(recordOf({ step: i, milliseconds, learningRate: 0.5 / (i + 1) }), times);
    const { value, byLabel } = parseExposition((await metrics.exposition(fresh)).text);
    expect(value('lockstep_examples_total')).toBe(5 * 128);
    expect(value('lockstep_learning_rate')).toBe(0.1);
    expect(value('lockstep_step_duration_seconds_count')).toBe(5);
    expect(value('lockstep_step_duration_seconds_sum')).toBeCloseTo(90.7095, 9);
    expect(byLabel('lockstep_step_duration_seconds_bucket', 'le')).toMatchObject({
      '0.001': 1,
      '0.0025': 1,
      '0.005': 3,
      '0.5': 3,
      '1': 4,
      '60': 4,
      '+Inf': 5,
    });
    expect(byLabel('lockstep_step_part_seconds_total', 'part')).toMatchObject({ compute: 0 });
  });

  test('have a sample for each state of workers, and for each rank that is here', async () => {
    const metrics = await createPrometheusMetrics();
    const here = [
      { rank: 0, state: 'computing', examplesPerSecond: 100 },
      { rank: 1, state: 'late', examplesPerSecond: 7 },
      { rank: 2, state: 'computing', examplesPerSecond: null },
    ] as const;
    const first = parseExposition((await metrics.exposition({ ...fresh, workers: here })).text);
    const none = { preparing: 0, idle: 0, computing: 0, late: 0, leaving: 0 };
    expect(first.byLabel('lockstep_workers', 'state')).toEqual({ ...none, computing: 2, late: 1 });
    const speeds = 'lockstep_worker_examples_per_second';
    expect(first.byLabel(speeds, 'rank')).toEqual({ 0: 100, 1: 7 });
    const [, late] = here;
    const then = parseExposition((await metrics.exposition({ ...fresh, workers: [late] })).text);
    expect(then.byLabel('lockstep_workers', 'state')).toEqual({ ...none, late: 1 });
    expect(then.byLabel(speeds, 'rank')).toEqual({ 1: 7 });
  });

  test('stay few, however many workers there are', async () => {
    const metrics = await createPrometheusMetrics();
    const workers = Array.from({ length: 1024 }, (_, rank) => ({
      rank,
      state: 'idle' as const,
      examplesPerSecond: 1,
    }));
    const { samples, byLabel } = parseExposition(
      (await metrics.exposition({ ...fresh, workers })).text,
    );
    expect(byLabel('lockstep_workers', 'state')).toMatchObject({ idle: 1024 });
    expect(samples.length).toBeLessThan(350);
  });

  test('have a sample for each reason, before anything has happened', async () => {
    const metrics = await createPrometheusMetrics();
    const read = async (figures: RunFigures) =>
      parseExposition((await metrics.exposition(figures)).text).byLabel;
    const atFirst = await read(fresh);
    expect(atFirst('lockstep_reissued_leaves_total', 'reason')).toEqual({
      late: 0,
      lost: 0,
      discarded: 0,
    });
    expect(atFirst('lockstep_audits_total', 'result')).toEqual({ passed: 0, wrong: 0 });
    expect(Object.keys(atFirst('lockstep_workers_refused_total', 'reason'))).toEqual([...REFUSALS]);
    const then = await read({
      ...fresh,
      counters: {
        ...counters,
        lateLeaves: 1,
        lostLeaves: 2,
        discardedLeaves: 3,
        passedAudits: 4,
        wrongSums: 5,
        sentBytes: 6,
        receivedBytes: 2 ** 40,
      },
      refusals: { ...refusals, token: 7 },
    });
    expect(then('lockstep_reissued_leaves_total', 'reason')).toEqual({
      late: 1,
      lost: 2,
      discarded: 3,
    });
    expect(then('lockstep_audits_total', 'result')).toEqual({ passed: 4, wrong: 5 });
    expect(then('lockstep_bytes_total', 'direction')).toEqual({ sent: 6, received: 2 ** 40 });
    expect(then('lockstep_workers_refused_total', 'reason')).toMatchObject({ token: 7, full: 0 });
  });

  test('say what the run is, without paths, and without what a terminal obeys', async () => {
    const { samples } = parseExposition((await fullMetrics()).text);
    const [info] = samples.filter(({ name }) => name === 'lockstep_run_info');
    expect(info).toEqual({
      name: 'lockstep_run_info',
      labels: {
        run: 'first "run"',
        model: '20-7-3',
        dataset: 'to\\u001by\\u000a',
        parameters: '171',
        global_batch: '96',
        micro_batches: '16',
        numerics: 'fused',
        tile: 'plain',
      },
      value: 1,
    });
  });

  test('say when the last checkpoint was saved', async () => {
    const from = Date.now() / 1000;
    const { value } = parseExposition((await fullMetrics()).text);
    const savedAt = value('lockstep_checkpoint_last_success_timestamp_seconds');
    expect(savedAt).toBeGreaterThanOrEqual(from);
    expect(savedAt).toBeLessThanOrEqual(Date.now() / 1000);
  });

  test('of two runs in one process do not mix', async () => {
    const [one, other] = [await createPrometheusMetrics(), await createPrometheusMetrics()];
    one.recordStep(recordOf({ milliseconds: 1 }), times);
    const { value } = parseExposition((await other.exposition(fresh)).text);
    expect(value('lockstep_examples_total')).toBe(0);
    expect(value('lockstep_step_duration_seconds_count')).toBe(0);
  });
});
