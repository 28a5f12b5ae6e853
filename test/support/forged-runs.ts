import { recompute, recomputeQuality } from '../../coordinator/inspection/recompute.ts';
import type { RecordedRun } from '../../coordinator/inspection/recorded-run.ts';
import {
  verifyCheckpoints,
  verifyEnd,
  verifyQuality,
} from '../../coordinator/inspection/verify-checkpoints.ts';
import {
  verifyChain,
  verifyColumns,
  verifyEpochs,
  verifyExamples,
  verifyWork,
} from '../../coordinator/inspection/verify-records.ts';
import type { Checkpoint } from '../../coordinator/run-folder/checkpoint.ts';
import type { DoneRecord } from '../../coordinator/run-folder/run-description.ts';
import {
  CHAIN_START,
  formatFingerprint,
  nextLink,
  type StepRecord,
} from '../../coordinator/training/ledger.ts';
import type { EpochRecord } from '../../coordinator/training/progress.ts';
import { fingerprintOf } from '../../shared/round/parameter-blocks.ts';
import { dataset, recordToyRun } from './toy-recorded-run.ts';
import { naiveEngine } from './toy-run.ts';

/** A run that passes every check. Forgeries of it begin with this. */
export const { recorded, unevaluated, workload } = await recordToyRun();
export const { records, epochs, checkpoints } = recorded;
export const { stepsPerEpoch } = workload;
export const options = {
  dataset,
  openEngine: () => naiveEngine,
  signal: new AbortController().signal,
};

/** All checks that compute no step again. Returns whether the run has ended. */
export function verifyFiles(run: RecordedRun): boolean {
  const { config } = run.description;
  verifyChain(run);
  verifyColumns(run.records, config, workload);
  verifyWork(run.records, config);
  verifyExamples(run.records, config, workload, dataset.train.count);
  verifyEpochs(run, workload);
  verifyCheckpoints(run, workload, naiveEngine);
  return verifyEnd(run, workload);
}

/** What `lockstep verify --full` does. */
export async function verifyFully(run: RecordedRun): Promise<boolean> {
  const isDone = verifyFiles(run);
  const model = run.checkpoints.find(({ step }) => step === run.done?.modelStep);
  if (model) verifyQuality(run, await recomputeQuality(run, model, options));
  const start = run.checkpoints.find(({ step }) => step === run.description.firstStep);
  await recompute(run, start, 1000, options, () => {});
  return isDone;
}

/** That run with a record changed. */
export const record = (step: number, change: Partial<StepRecord>): RecordedRun => ({
  ...recorded,
  records: records.map((one) => (one.step === step ? { ...one, ...change } : one)),
});
/** That run with an epoch changed. */
export const epoch = (number: number, change: Partial<EpochRecord>): RecordedRun => ({
  ...recorded,
  epochs: epochs.map((one) => (one.epoch === number ? { ...one, ...change } : one)),
});
/** That run with a checkpoint changed. */
export const checkpoint = (step: number, change: Partial<Checkpoint>): RecordedRun => ({
  ...recorded,
  checkpoints: checkpoints.map((one) => (one.step === step ? { ...one, ...change } : one)),
});
/** That run with its end changed. */
export const done = (change: Partial<DoneRecord>): RecordedRun => {
  if (!recorded.done) throw new Error('the run has not ended');
  return { ...recorded, done: { ...recorded.done, ...change } };
};
/** The records, with the chain made anew, so that it hides a change. */
export function rechained(run: RecordedRun): RecordedRun {
  let chain = CHAIN_START;
  const again = run.records.map((one) => {
    chain = nextLink(chain, one.fingerprint);
    return { ...one, chain };
  });
  const saved = run.checkpoints.map((one) => ({
    ...one,
    progress: { ...one.progress, chain: again[one.step - 1].chain },
  }));
  return { ...run, records: again, checkpoints: saved };
}
/** The checkpoint of a step. */
export const at = (step: number): Checkpoint => {
  const found = checkpoints.find((one) => one.step === step);
  if (!found) throw new Error(`no checkpoint of step ${step}`);
  return found;
};
export const filled = (value: number) => at(5).parameters.slice().fill(value);
export const formattedFingerprint = (parameters: Float32Array) => {
  const buffer = naiveEngine.allocate(parameters.length);
  buffer.set(parameters);
  return formatFingerprint(fingerprintOf(naiveEngine.kernels, buffer));
};
export const lastStep = records.length;
