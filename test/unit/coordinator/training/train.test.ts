import { setImmediate } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import type { GradientSource } from '../../../../coordinator/training/gradient-source.ts';
import { LocalSource } from '../../../../coordinator/training/local-source.ts';
import { createParameterServer } from '../../../../coordinator/training/parameter-server.ts';
import { type TrainingRun, train } from '../../../../coordinator/training/train.ts';
import type { RunConfig } from '../../../../shared/round/run-config.ts';
import { createWorkload } from '../../../../shared/round/workload.ts';
import { createToyDataset } from '../../../support/toy-dataset.ts';
import {
  createToyRun,
  hashOf,
  naiveEngine,
  toyConfig,
  trainLocally,
} from '../../../support/toy-run.ts';

const dataset = createToyDataset();
const never = new AbortController().signal;

/** Trains in this process with changes to the run. Resolves to its state and finished epochs. */
async function trainWith(changes: Partial<TrainingRun>, settings: Partial<RunConfig> = {}) {
  const { workload, computer, server, progress, run } = createToyRun(
    toyConfig(dataset, settings),
    dataset,
    5,
  );
  const epochs: number[] = [];
  await train(
    {
      ...run(new LocalSource(computer, workload, setImmediate)),
      onEpoch: async ({ epoch }) => {
        epochs.push(epoch);
      },
      ...changes,
    },
    never,
  );
  return { server, progress, epochs, workload };
}

describe('training', () => {
  test('divides by the actual size of a global batch, not by the nominal size', async () => {
    // The 320 training examples are one global batch, even if a larger one is requested.
    const exact = await trainLocally(toyConfig(dataset, { globalBatch: 320 }), dataset, 2);
    const nominal = await trainLocally(toyConfig(dataset, { globalBatch: 1000 }), dataset, 2);
    expect(hashOf(nominal.server)).toBe(hashOf(exact.server));
  });

  test('updates by the mean over the examples: p - rate · sum / count', () => {
    const config = toyConfig(dataset, {
      optimizer: { name: 'sgd' },
      learningRate: { name: 'constant', peak: 0.5, warmupSteps: 0 },
    });
    const server = createParameterServer(naiveEngine, config, createWorkload(config, dataset));
    const before = server.parameters[0];
    const root = new Float32Array(server.parameters.length + 2).fill(6);
    expect(server.update(root, 3)).toBe(0.5);
    expect(server.parameters[0]).toBe(Math.fround(before - 1));
    expect(server.step).toBe(1);
  });

  test('reaches a low loss and a high accuracy', async () => {
    const { progress } = await trainWith({});
    expect(progress.last?.trainLoss).toBeLessThan(0.8);
    expect(progress.last?.testAccuracy).toBeGreaterThan(0.7);
  });

  test('stops after the given epochs, or within an epoch after the given steps', async () => {
    const whole = await trainWith({ stopRule: { epochs: 2 } });
    expect([whole.server.step, whole.epochs]).toEqual([8, [1, 2]]);
    const part = await trainWith({ stepsMax: 6 });
    expect([part.server.step, part.epochs, part.progress.exampleCount]).toEqual([6, [1], 192]);
  });

  test('stops early when the validation loss shows overfitting', async () => {
    const rates = { learningRate: { name: 'constant', peak: 0.5, warmupSteps: 0 } } as const;
    const { progress, epochs } = await trainWith(
      { stopRule: { epochs: 200, earlyStopping: 3 } },
      rates,
    );
    expect(epochs.length).toBeLessThan(200);
    expect(epochs.length).toBe((progress.best?.epoch ?? 0) + 3);
    expect(progress.last?.validationLoss).toBeGreaterThan(progress.best?.validationLoss ?? 0);
    expect(progress.last?.trainLoss).toBeLessThan(progress.best?.trainLoss ?? 0);
  });

  test('without held-out examples has no validation loss and no best epoch', async () => {
    const { progress } = await trainWith({ stopRule: { epochs: 1 } }, { validationCount: 0 });
    expect(progress.last).toMatchObject({ validationLoss: null, validationAccuracy: null });
    expect(progress.best).toBeUndefined();
  });

  test('tells of each evaluation, and who gave which sum', async () => {
    const seen: string[] = [];
    await trainWith({
      stopRule: { epochs: 1 },
      onEvaluation: ({ round: { kind, step }, milliseconds, work }, { doneAt }) => {
        seen.push(`${kind} after ${step}`);
        expect(milliseconds).toBeLessThanOrEqual(doneAt);
        expect(work).toEqual([[0, expect.any(Number), null]]);
      },
    });
    expect(seen).toEqual(['validation after 4', 'test after 4']);
  });

  test('that diverges ends with an error', async () => {
    const rates = { learningRate: { name: 'constant', peak: 1e30, warmupSteps: 0 } } as const;
    await expect(trainWith({}, { ...rates, loss: 'squared-error' })).rejects.toThrow(
      /training diverged: the loss of step \d+ is/,
    );
  });

  test('that is stopped leaves the state of the last complete step', async () => {
    const { workload, computer, server, progress, run } = createToyRun(
      toyConfig(dataset),
      dataset,
      5,
    );
    const controller = new AbortController();
    const local = new LocalSource(computer, workload, setImmediate);
    const source: GradientSource = {
      worldSize: 0,
      sum(round, parameters, signal) {
        if (round.step === 4) controller.abort(new Error('stopped'));
        return local.sum(round, parameters, signal);
      },
    };
    // The abort comes during the first evaluation. The first epoch ends when training continues.
    await expect(train(run(source), controller.signal)).rejects.toThrow('stopped');
    expect([server.step, progress.exampleCount, progress.last]).toEqual([4, 320, undefined]);
    await train({ ...run(local), stopRule: { epochs: 5 } }, never);
    const undisturbed = await trainLocally(toyConfig(dataset), dataset, 5);
    expect([hashOf(server), progress]).toEqual([hashOf(undisturbed.server), undisturbed.progress]);
  });
});
