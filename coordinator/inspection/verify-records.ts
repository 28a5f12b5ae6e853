import { isRegression } from '../../shared/data/target.ts';
import { learningRateAt } from '../../shared/engine/schedules.ts';
import { describeMicroBatches } from '../../shared/reduction-tree.ts';
import type { RunConfig } from '../../shared/round/run-config.ts';
import type { Workload } from '../../shared/round/workload.ts';
import { CHAIN_START, nextLink, type StepRecord } from '../training/ledger.ts';
import { fail, lastStepOf, type RecordedRun, startOf } from './recorded-run.ts';

/*
 * The checks of `lockstep verify` on `metrics.jsonl` and `epochs.jsonl`. Each throws a `VERIFY`
 * error that names the step whose record is missing or wrong.
 */

/** Checks that no step is missing and that the chain links the fingerprints of all steps. */
export function verifyChain(run: RecordedRun): void {
  const { firstStep } = run.description;
  let chain = firstStep === 0 ? CHAIN_START : startOf(run)?.progress.chain;
  if (chain === undefined) fail(firstStep, 'the checkpoint that the run began with is missing');
  for (const [index, record] of run.records.entries()) {
    const expected = firstStep + index;
    if (record.step !== expected)
      fail(expected, `its record is missing: the record of step ${record.step} is in its place`);
    const link = nextLink(chain, record.fingerprint);
    if (record.chain !== link)
      fail(record.step, `the chain is broken: the record has ${record.chain}, not ${link}`);
    chain = record.chain;
  }
}

/** Checks the columns of each record that follow from the configuration. */
export function verifyColumns(
  records: readonly StepRecord[],
  config: RunConfig,
  workload: Workload,
): void {
  const { stepsPerEpoch } = workload;
  for (const { step, epoch, examples, learningRate, accuracy } of records) {
    const round = { kind: 'train', step } as const;
    const expected = {
      epoch: Math.floor(step / stepsPerEpoch) + 1,
      examples: workload.exampleCount(round, { lo: 0, hi: config.microBatchCount }),
      learningRate: learningRateAt(config.learningRate, step, stepsPerEpoch),
      accuracy: accuracy === null ? null : correctCountOf({ accuracy, examples }) / examples,
    };
    for (const [name, found] of Object.entries({ epoch, examples, learningRate, accuracy })) {
      const right = expected[name as keyof typeof expected];
      if (found !== right) fail(step, `its record has the ${name} ${found}, not ${right}`);
    }
  }
}

/** Checks that the work of each step covers every micro-batch exactly once. */
export function verifyWork(records: readonly StepRecord[], { microBatchCount }: RunConfig): void {
  for (const { step, work } of records) {
    let covered = 0;
    for (const [lo, hi] of work.toSorted(([a], [b]) => a - b)) {
      if (lo > covered)
        fail(step, `nobody computed ${describeMicroBatches({ lo: covered, hi: lo })}`);
      if (lo < covered || hi <= lo)
        fail(step, `${describeMicroBatches({ lo, hi: covered })} count twice`);
      covered = hi;
    }
    if (covered < microBatchCount)
      fail(step, `nobody computed ${describeMicroBatches({ lo: covered, hi: microBatchCount })}`);
    if (covered > microBatchCount)
      fail(step, `its work has ${covered} micro-batches, but the run has ${microBatchCount}`);
  }
}

/**
 * Checks that the steps of each whole epoch use every training example exactly once, and no
 * held-out example. Returns the number of whole epochs.
 */
export function verifyExamples(
  records: readonly StepRecord[],
  config: RunConfig,
  workload: Workload,
  exampleCount: number,
): number {
  const { stepsPerEpoch } = workload;
  const first = Math.ceil((records[0]?.step ?? 0) / stepsPerEpoch);
  const end = Math.floor(((records.at(-1)?.step ?? -1) + 1) / stepsPerEpoch);
  for (let epoch = first; epoch < end; epoch++) {
    const uses = new Uint8Array(exampleCount);
    for (let step = epoch * stepsPerEpoch; step < (epoch + 1) * stepsPerEpoch; step++) {
      for (const [lo, hi] of records[step - records[0].step].work) {
        for (let leaf = lo; leaf < hi; leaf++) {
          for (const example of workload.examples({ kind: 'train', step }, leaf).indices)
            uses[example]++;
        }
      }
    }
    const usedCount = uses.reduce((count, times) => count + times, 0);
    const isOnce =
      usedCount === exampleCount - config.validationCount && uses.every((times) => times <= 1);
    if (!isOnce)
      fail(epoch * stepsPerEpoch, `epoch ${epoch + 1} does not use every training example once`);
  }
  return Math.max(0, end - first);
}

/** The relative difference of two sums that were rounded in different places. */
const ROUNDING = 1e-9;

/** Checks that each epoch has a line, and that its training loss and accuracy are its steps'. */
export function verifyEpochs(run: RecordedRun, { stepsPerEpoch }: Workload): void {
  const { epochs, records, description } = run;
  const before = startOf(run)?.progress;
  const { dataset } = description.config;
  const isNumber = isRegression(dataset);
  const deviation = isNumber ? dataset.target.deviation : 1;
  const first = (before?.last?.epoch ?? 0) + 1;
  const lastStep = lastStepOf(run);
  for (const [index, line] of epochs.entries()) {
    const epoch = first + index;
    const step = epoch * stepsPerEpoch;
    if (step > lastStep)
      fail(lastStep, `the records end here, but epochs.jsonl has a line of epoch ${line.epoch}`);
    if (line.epoch !== epoch || line.step !== step)
      fail(step, `epochs.jsonl has the line of epoch ${line.epoch} in place of epoch ${epoch}`);
    const steps = records.slice(
      Math.max(0, step - stepsPerEpoch - description.firstStep),
      step - description.firstStep,
    );
    // A run that began in the middle of an epoch has the sums of that epoch's first part.
    const isPartial = step - stepsPerEpoch < description.firstStep;
    const sums = {
      lossSum: isPartial ? (before?.lossSum ?? 0) : 0,
      correctCount: isPartial ? (before?.correctCount ?? 0) : 0,
      squaredErrorSum: isPartial ? (before?.squaredErrorSum ?? 0) : 0,
      exampleCount: isPartial ? (before?.exampleCount ?? 0) : 0,
    };
    for (const record of steps) {
      sums.lossSum += record.loss * record.examples;
      sums.correctCount += correctCountOf(record);
      sums.squaredErrorSum += squaredErrorOf(record, deviation);
      sums.exampleCount += record.examples;
    }
    const loss = sums.lossSum / sums.exampleCount;
    if (Math.abs(line.trainLoss - loss) > ROUNDING * Math.abs(loss))
      fail(step, `epoch ${epoch} has the training loss ${line.trainLoss}, its steps have ${loss}`);
    const accuracy = isNumber ? null : sums.correctCount / sums.exampleCount;
    const rmse = deviation * Math.sqrt(sums.squaredErrorSum / sums.exampleCount);
    if (isNumber && Math.abs((line.trainErrors?.rmse ?? 0) - rmse) > ROUNDING * rmse)
      fail(step, `epoch ${epoch} has the RMSE ${line.trainErrors?.rmse}, its steps have ${rmse}`);
    if (line.trainAccuracy !== accuracy)
      fail(step, `epoch ${epoch} has the accuracy ${line.trainAccuracy}, its steps ${accuracy}`);
  }
  const needed = Math.max(first - 1, Math.floor((lastStep - 1) / stepsPerEpoch));
  const found = first - 1 + epochs.length;
  if (found < needed) fail(needed * stepsPerEpoch, `epochs.jsonl lacks epoch ${found + 1}`);
}

const correctCountOf = ({ accuracy, examples }: Pick<StepRecord, 'accuracy' | 'examples'>) =>
  Math.round((accuracy ?? 0) * examples);

/** The sum of squared errors over a step's examples, in deviations of the target. */
const squaredErrorOf = ({ errors, examples }: StepRecord, deviation: number): number =>
  errors ? (errors.rmse / deviation) ** 2 * examples : 0;
