import { isDeepStrictEqual } from 'node:util';
import type { Engine } from '../../shared/engine/engine.ts';
import { LockstepError } from '../../shared/errors.ts';
import { fingerprintOf } from '../../shared/round/parameter-blocks.ts';
import type { Workload } from '../../shared/round/workload.ts';
import { type Checkpoint, modelParametersOf, parametersSha256 } from '../run-folder/checkpoint.ts';
import { checkpointName } from '../run-folder/run-files.ts';
import { formatFingerprint } from '../training/ledger.ts';
import { type EpochRecord, type EpochResult, modelStepOf } from '../training/progress.ts';
import { trainingMeans } from '../training/train.ts';
import { fail, lastStepOf, type RecordedRun, startOf } from './recorded-run.ts';

/*
 * The checks of `lockstep verify` on checkpoints and on `done.json`. Each throws a `VERIFY` error
 * that says what is missing or does not follow from the records.
 */

/** A run saves a checkpoint after each epoch, so its records never go further than this beyond. */
const EPOCHS_UNSAVED_MAX = 2;

/** Checks each checkpoint against the records, and that none is missing. */
export function verifyCheckpoints(run: RecordedRun, workload: Workload, engine: Engine): void {
  for (const checkpoint of run.checkpoints) verifyCheckpoint(checkpoint, run, engine);
  const { config, firstStep } = run.description;
  const { initialParametersSha256 } = config;
  const newest = run.checkpoints.at(-1);
  const isGiven = firstStep > 0 || initialParametersSha256 !== undefined;
  const needed = new Map<number | undefined, string>([
    [run.done?.steps, 'of the end'],
    [run.done?.modelStep, "of the run's model"],
    [isGiven ? firstStep : undefined, 'that the run began with'],
  ]);
  const steps = run.checkpoints.map(({ step }) => step);
  for (const [step, what] of needed) {
    if (step === undefined || step < firstStep || steps.includes(step)) continue;
    fail(step, `the checkpoint ${what}, ${checkpointName(step)}, is missing`);
  }
  const savedStep = newest?.step ?? firstStep;
  if (lastStepOf(run) - savedStep > EPOCHS_UNSAVED_MAX * workload.stepsPerEpoch)
    fail(lastStepOf(run), `the checkpoints of the last epochs are missing, from ${savedStep} on`);
}

/** Checks the parameters, the chain and the configuration of a checkpoint. */
export function verifyCheckpoint(
  { step, config, parameters, progress }: Checkpoint,
  run: RecordedRun,
  engine: Engine,
): void {
  const { description, records } = run;
  if (!isDeepStrictEqual(config, description.config))
    fail(step, 'its checkpoint has another configuration than config.json');
  if (step < description.firstStep) {
    if (startOf(run)?.progress.best?.step === step) return;
    fail(step, `its checkpoint is older than the run, which began at ${description.firstStep}`);
  }
  if (step === description.firstStep) {
    const { initialParametersSha256 } = config;
    if (step > 0 || parametersSha256(parameters) === initialParametersSha256)
      return verifyProgress({ step, progress }, run);
    fail(step, 'the run did not begin with the parameters of this checkpoint');
  }
  const record = records[step - 1 - description.firstStep];
  if (!record) fail(step - 1, `its record is missing, but there is the checkpoint of step ${step}`);
  const buffer = engine.allocate(parameters.length);
  buffer.set(parameters);
  const found = formatFingerprint(fingerprintOf(engine.kernels, buffer));
  if (found !== record.fingerprint)
    fail(
      step - 1,
      `the checkpoint after this step has other parameters: fingerprint ${found}, ` +
        `not ${record.fingerprint}`,
    );
  if (progress.chain !== record.chain)
    fail(step - 1, 'the checkpoint after this step belongs to another chain');
  verifyProgress({ step, progress }, run);
}

/** Checks the epochs that a checkpoint knows against the lines of epochs. */
function verifyProgress(
  { step, progress }: Pick<Checkpoint, 'step' | 'progress'>,
  run: RecordedRun,
): void {
  const known = new Map(run.epochs.map((line) => [line.epoch, withoutTime(line)]));
  const before = startOf(run)?.progress;
  for (const result of [before?.last, before?.best])
    if (result && !known.has(result.epoch)) known.set(result.epoch, result);
  for (const result of [progress.last, progress.best])
    if (result && !isDeepStrictEqual(result, known.get(result.epoch)))
      fail(step, `its checkpoint has other results of epoch ${result.epoch} than epochs.jsonl`);
  const upToHere = [...known.values()].filter(({ epoch }) => epoch <= (progress.last?.epoch ?? 0));
  const lowest = Math.min(
    ...upToHere.map(({ validationLoss }) => validationLoss ?? Number.POSITIVE_INFINITY),
  );
  if (Number.isFinite(lowest) && progress.best?.validationLoss !== lowest)
    fail(step, 'its checkpoint names another epoch than the best one of epochs.jsonl');
}

export function withoutTime({ seconds: _, ...result }: EpochRecord): EpochResult {
  return result;
}

/**
 * Checks how the run ended. `testAccuracy` is the accuracy of the run's model, computed again.
 * Returns whether the run has ended.
 */
export function verifyEnd(run: RecordedRun, { stepsPerEpoch }: Workload): boolean {
  const { done, description, checkpoints } = run;
  const newest = checkpoints.at(-1);
  if (!done) {
    if (newest && isAtEnd(newest, run, stepsPerEpoch))
      failDone('is missing, but the run has come to its end: resume it, and it is written again');
    return false;
  }
  const model = checkpoints.find(({ step }) => step === done.modelStep);
  if (!newest || !model) failDone('names a checkpoint that is missing');
  expectDone(done.steps, lastStepOf(run), 'steps');
  expectDone(done.steps, newest.step, 'steps');
  expectDone(done.epochs, Math.floor(done.steps / stepsPerEpoch), 'epochs');
  if (!isDeepStrictEqual(newest.stopRule, description.stopRule))
    failDone('belongs to another stop rule than that of config.json');
  expectDone(done.parametersSha256, parametersSha256(modelParametersOf(model)), 'parametersSha256');
  const ruled = modelStepOf(newest);
  // If the best epoch's checkpoint cannot be used, the run ends with the last one.
  if (checkpoints.some(({ step }) => step === ruled))
    expectDone(done.modelStep, ruled, 'modelStep');
  if (done.isStoppedEarly && !isStopped(newest))
    failDone('says that the run stopped early, but it did not');
  const { last, best } = newest.progress;
  const result = [best, last].find((one) => one?.step === done.modelStep);
  const trainLoss = result?.trainLoss ?? trainingMeans(newest.progress).trainLoss;
  expectDone(done.trainLoss, trainLoss, 'trainLoss');
  if (result) expectDone(done.testAccuracy, result.testAccuracy, 'testAccuracy');
  return true;
}

/** Checks the accuracy that the end names against that of the model, computed again. */
export function verifyAccuracy({ done }: RecordedRun, computed: number): void {
  if (done) expectDone(done.testAccuracy, computed, 'testAccuracy');
}

function isAtEnd(newest: Checkpoint, run: RecordedRun, stepsPerEpoch: number): boolean {
  const { stopRule } = run.description;
  const isEvaluated = newest.progress.last?.step === newest.step;
  const isLast = newest.step >= stopRule.epochs * stepsPerEpoch;
  return isEvaluated && newest.step === lastStepOf(run) && (isLast || isStopped(newest));
}

function isStopped({ progress, stopRule }: Checkpoint): boolean {
  const { last, best } = progress;
  const { earlyStopping } = stopRule;
  return (
    earlyStopping !== undefined && !!last && !!best && last.epoch - best.epoch >= earlyStopping
  );
}

function expectDone(found: unknown, right: unknown, key: string): void {
  if (found !== right) failDone(`has the ${key} ${found}, but the run has ${right}`);
}

function failDone(what: string): never {
  throw new LockstepError('VERIFY', `done.json ${what}.`);
}
