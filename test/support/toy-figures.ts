import { utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { writeDescription, writeDone } from '../../coordinator/run-folder/run-description.ts';
import type { StepRecord } from '../../coordinator/training/ledger.ts';
import type { EpochRecord } from '../../coordinator/training/progress.ts';
import type { ClassManifest } from '../../shared/data/manifest.ts';
import { temporaryFolder } from './temporary-folder.ts';
import { description } from './toy-run-folder.ts';

/** When the last record of a toy run was written, in seconds since 1970. */
export const LAST_WRITE = 1_800_000_000;
export const STEPS_PER_EPOCH = 4;

/** A step that took 100 ms. Four steps are an epoch. */
export const stepOf = (step: number, change: Partial<StepRecord> = {}): StepRecord => ({
  step,
  epoch: Math.floor(step / STEPS_PER_EPOCH) + 1,
  loss: 1 / (step + 3),
  accuracy: 0.5,
  learningRate: 0.1,
  examples: 96,
  milliseconds: 100,
  worldSize: 2,
  work: [
    [0, 8, 'local-0/31'],
    [8, 12, 'local-1/32'],
    [12, 16, 'local-0/31'],
  ],
  fingerprint: `fingerprint ${step}`,
  chain: `chain ${step}`,
  ...change,
});

/** An epoch of which 400 ms were steps and the rest evaluation. */
export const epochOf = (epoch: number, change: Partial<EpochRecord> = {}): EpochRecord => ({
  epoch,
  step: epoch * STEPS_PER_EPOCH,
  trainLoss: 0.5,
  trainAccuracy: 0.75,
  validationLoss: 0.25,
  validationAccuracy: 0.875,
  testLoss: 0.125,
  testAccuracy: 0.9,
  seconds: 0.6,
  ...change,
});

/** In place of accuracies, if the target is a number. */
export const ERRORS = { rmse: 2, mae: 1.5, r2: -0.25 };
export const stepWithErrors: StepRecord = stepOf(0, { accuracy: null, errors: ERRORS });
export const epochWithErrors: EpochRecord = epochOf(1, {
  ...{ trainAccuracy: null, validationAccuracy: null, testAccuracy: null },
  ...{ trainErrors: ERRORS, validationErrors: ERRORS, testErrors: { ...ERRORS, rmse: 3 } },
});

/** A run's folder with these records. `torn` is added to the file of steps. */
export async function figuresFolder(
  steps: readonly StepRecord[],
  epochs: readonly EpochRecord[],
  { torn = '', isDone = false, isRegression = false } = {},
): Promise<string> {
  const folder = temporaryFolder();
  const { classNames, ...dataset } = description.config.dataset as ClassManifest;
  const target = isRegression
    ? { target: { name: 'price', mean: 0, deviation: 1 } }
    : { classNames };
  const config = { ...description.config, dataset: { ...dataset, ...target } };
  await writeDescription(folder, { ...description, config });
  const lines = (records: readonly object[]) =>
    records.map((record) => `${JSON.stringify(record)}\n`).join('');
  for (const [name, content] of [
    ['metrics.jsonl', lines(steps) + torn],
    ['epochs.jsonl', lines(epochs)],
  ] as const) {
    const path = join(folder, name);
    writeFileSync(path, content);
    utimesSync(path, LAST_WRITE, LAST_WRITE);
  }
  if (isDone)
    await writeDone(folder, {
      steps: steps.length,
      epochs: epochs.length,
      modelStep: steps.length,
      isStoppedEarly: false,
      trainLoss: 0,
      testAccuracy: 0,
      parametersSha256: '',
      totalSeconds: 1,
    });
  return folder;
}
