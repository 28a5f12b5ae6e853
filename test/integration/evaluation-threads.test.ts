import { expect, test } from 'vitest';
import { evaluateSet } from '../../coordinator/inspection/confusion.ts';
import { LocalSource } from '../../coordinator/training/local-source.ts';
import { createParameterServer } from '../../coordinator/training/parameter-server.ts';
import { openEngine, openSharedEngine } from '../../shared/host/load-engine.ts';
import { createPartialSumComputer } from '../../shared/round/partial-sum-computer.ts';
import { createWorkload, lossAndCorrectOf } from '../../shared/round/workload.ts';
import { divideSet } from '../../shared/threads/outcome-threads.ts';
import { createToyDataset, TOY_SHAPE } from '../support/toy-dataset.ts';
import { toyConfig } from '../support/toy-run.ts';

// Three batches of 250 rows, the last one not whole.
const dataset = createToyDataset({ ...TOY_SHAPE, testCount: 620 });
const never = new AbortController().signal;

/** Evaluates the initial parameters of a run with so many threads. */
function evaluateWith(threads: number, signal = never, isFlipped = false) {
  const engine = threads === 1 ? openEngine('strict') : openSharedEngine('strict');
  const config = toyConfig(dataset, { wire: 'bf16' });
  const { model } = createWorkload(config, dataset);
  const { parameters } = createParameterServer(engine, config, createWorkload(config, dataset));
  return evaluateSet(engine, config, model, parameters, dataset.test, signal, {
    threads,
    isFlipped,
  });
}

test('an evaluation has the same numbers with 1, 2, 3 and 8 threads, as in training', async () => {
  const one = await evaluateWith(1);
  for (const threads of [2, 3, 8]) expect(await evaluateWith(threads)).toEqual(one);

  const engine = openEngine('strict');
  const config = toyConfig(dataset, { wire: 'bf16' });
  const workload = createWorkload(config, dataset);
  const server = createParameterServer(engine, config, workload);
  const computer = createPartialSumComputer(engine, config, workload);
  const source = new LocalSource(computer, workload, async () => {});
  const { root } = await source.sum({ kind: 'test', step: 0 }, server.roundedParameters, never);
  const { lossSum, correctCount } = lossAndCorrectOf(root);
  expect(one.accuracy).toBe(correctCount / 620);
  expect(one.loss).toBeCloseTo(lossSum / 620, 5);
});

test('an evaluation with mirror images has the same numbers with any threads', async () => {
  const one = await evaluateWith(1, never, true);
  for (const threads of [2, 8]) expect(await evaluateWith(threads, never, true)).toEqual(one);
  expect(one.loss).not.toBe((await evaluateWith(1)).loss);
});

test('an evaluation by threads ends when it is aborted', async () => {
  const reason = new Error('enough');
  await expect(evaluateWith(2, AbortSignal.abort(reason))).rejects.toBe(reason);
});

test('a set is divided in order, at whole batches', () => {
  const counts = (threads: number) => divideSet(dataset.test, threads).map(({ count }) => count);
  expect(counts(2)).toEqual([500, 120]);
  expect(counts(8)).toEqual([250, 250, 120]);
  const labels = divideSet(dataset.test, 3).flatMap((part) => [...part.labels]);
  expect(labels).toEqual([...dataset.test.labels]);
});
