import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { StepRecord } from '../../../coordinator/training/ledger.ts';
import type { WireFormat } from '../../../shared/round/run-config.ts';
import { temporaryFolder } from '../temporary-folder.ts';
import { writeToyDataset } from '../toy-dataset.ts';
import { runToDone } from './cli.ts';

/** The dataset of a run that takes several seconds, long enough for faults. */
export const TOY_SHAPE = {
  trainCount: 12_000,
  testCount: 1000,
  height: 12,
  width: 12,
  classCount: 5,
};
const SETTINGS = ['--layers', '48,24', '--global-batch', '64', '--validation', '500'];
export const TOY_STEPS_PER_EPOCH = 180;

export interface ToyRunOptions {
  readonly microBatches?: number;
  readonly epochs?: number;
  readonly wire?: WireFormat;
}

/** The flags of that run. Writes its dataset, and removes the dataset when the test ends. */
export function toyRun({
  microBatches = 16,
  epochs = 6,
  wire = 'f32',
}: ToyRunOptions = {}): string[] {
  const data = temporaryFolder();
  writeToyDataset(data, TOY_SHAPE);
  const size = [
    '--micro-batches',
    String(microBatches),
    '--epochs',
    String(epochs),
    '--wire',
    wire,
  ];
  return ['--data-dir', data, ...SETTINGS, ...size];
}

const hashes = new Map<string, Promise<string>>();
/** The hash of the parameters after an undisturbed run in one process. Trains once per options. */
export function undisturbedHash(options: ToyRunOptions = {}): Promise<string> {
  const key = JSON.stringify(options);
  const run =
    hashes.get(key) ??
    runToDone(['train', ...toyRun(options), '--workers', '0']).then(
      ({ parametersSha256 }) => parametersSha256,
    );
  hashes.set(key, run);
  return run;
}

/** The records of a run, one per step. */
export function recordsOf(runDir: string): StepRecord[] {
  const lines = readFileSync(join(runDir, 'metrics.jsonl'), 'utf8').trim().split('\n');
  return lines.map((line) => JSON.parse(line));
}
