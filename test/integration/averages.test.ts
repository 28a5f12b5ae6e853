import { setImmediate } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { recompute } from '../../coordinator/inspection/recompute.ts';
import {
  decodeCheckpoint,
  encodeCheckpoint,
  parametersSha256,
} from '../../coordinator/run-folder/checkpoint.ts';
import { LocalSource } from '../../coordinator/training/local-source.ts';
import { createParameterServer } from '../../coordinator/training/parameter-server.ts';
import { train } from '../../coordinator/training/train.ts';
import type { RunConfig } from '../../shared/round/run-config.ts';
import { openRealCluster } from '../support/processes/real-cluster.ts';
import { createToyDataset } from '../support/toy-dataset.ts';
import { recordToyRun } from '../support/toy-recorded-run.ts';
import { createToyRun, hashOf, naiveEngine, toyConfig, trainLocally } from '../support/toy-run.ts';

const EPOCHS = 3;
const dataset = createToyDataset();
const signal = new AbortController().signal;

const WEIGHTED: Partial<RunConfig> = { classWeights: [1, 2.3, 0.7] };

describe.for<[string, Partial<RunConfig>]>([
  ['f32', {}],
  ['bf16', { wire: 'bf16' }],
  ['class weights', WEIGHTED],
])('averages of the parameters, with %s', ([, settings]) => {
  const config = toyConfig(dataset, { averageDecay: 0.9, ...settings });
  const local = trainLocally(config, dataset, EPOCHS);
  const plain = trainLocally(toyConfig(dataset, settings), dataset, EPOCHS);

  test.for([1, 3])('have the same bits and evaluations on %i workers', async (count) => {
    const cluster = await openRealCluster(config, EPOCHS, { minWorkers: count });
    const workers = Array.from({ length: count }, () => cluster.startWorker());
    expect(await cluster.train()).toBe(hashOf((await local).server));
    await Promise.all(workers);
    expect(cluster.server.averages).toEqual((await local).server.averages);
    expect(cluster.progress).toEqual((await local).progress);
  });

  test('are what is evaluated, and change nothing in training', async () => {
    const [{ server, progress }, without] = [await local, await plain];
    expect(hashOf(server)).toBe(hashOf(without.server));
    expect(progress.last?.trainLoss).toBe(without.progress.last?.trainLoss);
    expect(progress.last?.testLoss).not.toBe(without.progress.last?.testLoss);
  });

  test('go on from a checkpoint in the middle of an epoch to the same bits', async () => {
    const first = createToyRun(config, dataset, EPOCHS);
    const source = new LocalSource(first.computer, first.workload, setImmediate);
    await train({ ...first.run(source), stepsMax: 6 }, signal);
    const { step, parameters, averages, optimizer } = first.server;
    const saved = decodeCheckpoint(
      encodeCheckpoint({
        ...{ config, model: first.workload.model, step, progress: first.progress },
        ...{ stopRule: { epochs: EPOCHS }, seconds: 1, parameters, averages },
        optimizerState: optimizer.state,
      }),
    );
    const server = createParameterServer(naiveEngine, config, first.workload, saved);
    const progress = { ...saved.progress };
    await train({ ...first.run(source), server, progress }, signal);
    expect(parametersSha256(server.averages ?? parameters)).toBe(
      parametersSha256((await local).server.averages ?? parameters),
    );
    expect(progress).toEqual((await local).progress);
  });
});

test('class weights lead to other parameters', async () => {
  const hashes = [{}, WEIGHTED, { classWeights: [1, 1, 1] }].map(async (settings) =>
    hashOf((await trainLocally(toyConfig(dataset, settings), dataset, 1)).server),
  );
  const [plain, weighted, ones] = await Promise.all(hashes);
  expect(weighted).not.toBe(plain);
  expect(ones).toBe(plain);
});

test('averages that are not those of the steps are found', async () => {
  const { recorded } = await recordToyRun(toyConfig(dataset, { averageDecay: 0.9 }));
  const options = { dataset, openEngine: () => naiveEngine, signal };
  const again = (run: typeof recorded) => recompute(run, undefined, 1000, options, () => {});
  expect(await again(recorded)).toBe(recorded.records.length);
  const checkpoints = recorded.checkpoints.map((one) =>
    one.step === 5 ? { ...one, averages: one.parameters } : one,
  );
  await expect(again({ ...recorded, checkpoints })).rejects.toThrow(
    /^step 5: computed again, the checkpoint has other values of averages/,
  );
});
