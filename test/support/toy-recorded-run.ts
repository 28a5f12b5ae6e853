import { setImmediate } from 'node:timers/promises';
import type { RecordedRun } from '../../coordinator/inspection/recorded-run.ts';
import { type Checkpoint, parametersSha256 } from '../../coordinator/run-folder/checkpoint.ts';
import type { StepRecord } from '../../coordinator/training/ledger.ts';
import { LocalSource } from '../../coordinator/training/local-source.ts';
import type { EpochRecord } from '../../coordinator/training/progress.ts';
import { train } from '../../coordinator/training/train.ts';
import { createToyDataset } from './toy-dataset.ts';
import { createToyRun, toyConfig } from './toy-run.ts';

export const dataset = createToyDataset();
export const config = toyConfig(dataset);
const EPOCHS = 3;

/**
 * Trains for three epochs. There are checkpoints after step 5 and after each epoch.
 * `unevaluated` is the state after the last step of epoch 2, before its evaluation.
 */
export async function recordToyRun(config = toyConfig(dataset)) {
  const { workload, computer, server, progress, run } = createToyRun(config, dataset, EPOCHS);
  const records: StepRecord[] = [];
  const epochs: EpochRecord[] = [];
  const checkpoints: Checkpoint[] = [];
  const stopRule = { epochs: EPOCHS };
  let unevaluated: Checkpoint | undefined;
  const state = (): Checkpoint => ({
    config,
    model: workload.model,
    step: server.step,
    parameters: server.parameters.slice(),
    ...(server.averages && { averages: server.averages.slice() }),
    optimizerState: { velocity: server.optimizer.state.velocity.slice() },
    progress: { ...progress },
    stopRule,
    seconds: server.step,
  });
  const training = {
    ...run(new LocalSource(computer, workload, setImmediate)),
    async onStep(record: StepRecord) {
      records.push(record);
      if (server.step === 5) checkpoints.push(state());
      if (server.step === 2 * workload.stepsPerEpoch) unevaluated = state();
    },
    async onEpoch(result: Omit<EpochRecord, 'seconds'>) {
      epochs.push({ ...result, seconds: 1 });
      checkpoints.push(state());
    },
  };
  await train(training, new AbortController().signal);
  const { last } = progress;
  if (!last || !unevaluated) throw new Error('the run has no second epoch');
  const recorded: RecordedRun = {
    description: { config, stopRule, firstStep: 0 },
    records,
    epochs,
    checkpoints,
    done: {
      steps: server.step,
      epochs: EPOCHS,
      modelStep: server.step,
      isStoppedEarly: false,
      trainLoss: last.trainLoss,
      testAccuracy: last.testAccuracy,
      parametersSha256: parametersSha256(server.parameters),
      totalSeconds: 1,
    },
  };
  return { recorded, unevaluated, workload };
}
