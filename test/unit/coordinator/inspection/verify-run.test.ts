import { describe, expect, test } from 'vitest';
import type { RecordedRun } from '../../../../coordinator/inspection/recorded-run.ts';
import {
  at,
  checkpoint,
  checkpoints,
  done,
  epoch,
  epochs,
  filled,
  lastStep,
  record,
  recorded,
  records,
  stepsPerEpoch,
  unevaluated,
  verifyFiles,
  verifyFully,
} from '../../../support/forged-runs.ts';

describe('a run passes every check', () => {
  test('after its end', async () => {
    expect(await verifyFully(recorded)).toBe(true);
  });

  test.for([0, 3, 5, 8])('before its end, after %d steps', async (stepCount) => {
    const run: RecordedRun = {
      ...recorded,
      records: records.slice(0, stepCount),
      epochs: epochs.filter(({ step }) => step <= stepCount),
      checkpoints: checkpoints.filter(({ step }) => step <= stepCount),
      done: undefined,
    };
    expect(await verifyFully(run)).toBe(false);
  });

  test('that began with the checkpoint of another one', async () => {
    const run: RecordedRun = {
      ...recorded,
      description: { ...recorded.description, firstStep: 5 },
      records: records.slice(5),
      epochs: epochs.filter(({ step }) => step > 5),
      checkpoints: checkpoints.filter(({ step }) => step >= 5),
    };
    expect(await verifyFully(run)).toBe(true);
  });

  test('that was killed between an epoch’s end and its evaluation', async () => {
    const run: RecordedRun = {
      ...recorded,
      records: records.slice(0, unevaluated.step),
      epochs: epochs.slice(0, 1),
      checkpoints: [at(stepsPerEpoch), at(5), unevaluated],
      done: undefined,
    };
    expect(await verifyFully(run)).toBe(false);
  });
});

describe('a run fails a check if', () => {
  test.for<[what: string, run: RecordedRun, message: string | RegExp]>([
    [
      'a record is cut out',
      { ...recorded, records: records.toSpliced(3, 1) },
      'step 3: its record',
    ],
    [
      'its first records are cut off',
      { ...recorded, records: records.slice(2) },
      /^step 0: its rec/,
    ],
    [
      'its last records are cut off',
      { ...recorded, records: records.slice(0, -2) },
      /^step 10: the records end here, but epochs\.jsonl has a line of epoch 3/,
    ],
    [
      'all records are cut off',
      { ...recorded, records: [], epochs: [] },
      /its record is missing, but there is the checkpoint of step 4/,
    ],
    ['a fingerprint is another', record(4, { fingerprint: 'x' }), /^step 4: the chain is broken/],
    [
      'a step has work that nobody computed',
      record(2, {
        work: [
          [0, 8, 'a'],
          [12, 16, 'b'],
        ],
      }),
      'step 2: nobody computed micro-batches 8-11.',
    ],
    [
      'a step’s last micro-batch is computed by nobody',
      record(2, { work: [[0, 15, null]] }),
      'step 2: nobody computed micro-batch 15.',
    ],
    [
      'a step has work that counts twice',
      record(2, {
        work: [
          [0, 8, 'a'],
          [6, 16, 'b'],
        ],
      }),
      'step 2: micro-batches 6-7 count twice.',
    ],
    [
      'a learning rate is another',
      record(2, { learningRate: 1 }),
      /^step 2: .*learningRate 1, not/,
    ],
    [
      'a step is of another epoch',
      record(1, { epoch: 2 }),
      'step 1: its record has the epoch 2, not 1',
    ],
    ['a step has other examples', record(1, { examples: 97 }), /^step 1: .*examples 97, not 96/],
    ['an accuracy is no count of examples', record(1, { accuracy: 0.123 }), /^step 1: .*accuracy/],
    [
      'an epoch is missing',
      { ...recorded, epochs: epochs.slice(0, 1) },
      /epochs\.jsonl lacks epoch 2/,
    ],
    [
      'epochs are in another order',
      { ...recorded, epochs: epochs.toReversed() },
      /line of epoch 3 in/,
    ],
    [
      'an epoch’s training loss is another',
      epoch(2, { trainLoss: 0.1 }),
      /epoch 2 has the training/,
    ],
    [
      'an epoch’s accuracy is another',
      epoch(2, { trainAccuracy: 1 }),
      /epoch 2 has the accuracy 1/,
    ],
    [
      'an epoch’s test accuracy is another, of which there is a checkpoint',
      epoch(2, { testAccuracy: 1 }),
      /checkpoint has other results of epoch 2/,
    ],
    [
      'the checkpoints are of another run',
      checkpoint(5, { config: { ...recorded.description.config, seed: 2 } }),
      'step 5: its checkpoint has another configuration than config.json.',
    ],
    [
      'a checkpoint’s parameters are all 0.5',
      checkpoint(5, { parameters: filled(0.5) }),
      /^step 4: the/,
    ],
    [
      'a checkpoint’s parameters are NaN',
      checkpoint(5, { parameters: filled(NaN) }),
      /^step 4: the ch/,
    ],
    [
      'two checkpoints are exchanged',
      checkpoint(5, { parameters: at(stepsPerEpoch).parameters }),
      /^step 4: the checkpoint after this step has other parameters/,
    ],
    [
      'a checkpoint is of another chain',
      checkpoint(5, { progress: { ...at(5).progress, chain: 'x' } }),
      'step 4: the checkpoint after this step belongs to another chain.',
    ],
    [
      'the last checkpoint is gone',
      { ...recorded, checkpoints: checkpoints.slice(0, -1) },
      /^step 12: the checkpoint of the run's model.*is missing/,
    ],
    [
      'all checkpoints are gone',
      { ...recorded, checkpoints: [] },
      /^step 12: the checkpoint of the run's model.*is missing/,
    ],
    [
      'all checkpoints and the end are gone',
      { ...recorded, checkpoints: [], done: undefined },
      /the checkpoints of the last epochs are missing, from 0 on/,
    ],
    [
      'its end is gone',
      { ...recorded, done: undefined },
      /done\.json is missing, but the run has come/,
    ],
    [
      'its end has another hash',
      done({ parametersSha256: 'x' }),
      /parametersSha256 x, but the run has/,
    ],
    ['its end has another accuracy', done({ testAccuracy: 0.99 }), /testAccuracy 0\.99, but/],
    ['its end has another loss', done({ trainLoss: 0 }), /trainLoss 0, but/],
    ['its end has more steps', done({ steps: lastStep + 1 }), /is missing|steps/],
    [
      'its end has more epochs',
      done({ epochs: 4 }),
      'done.json has the epochs 4, but the run has 3.',
    ],
    ['its end names another model', done({ modelStep: 5 }), /done\.json has the (param|modelStep)/],
    ['it did not stop early', done({ isStoppedEarly: true }), /stopped early, but it did not/],
    [
      'there is a checkpoint from before it began',
      {
        ...recorded,
        description: { ...recorded.description, firstStep: 8 },
        records: records.slice(8),
        epochs: epochs.slice(2),
        checkpoints: checkpoints.slice(1),
      },
      'step 5: its checkpoint is older than the run, which began at 8.',
    ],
    [
      'it began with other weights than its configuration says',
      {
        ...recorded,
        description: { ...recorded.description, firstStep: 5 },
        records: records.slice(5),
        epochs: epochs.filter(({ step }) => step > 5),
        checkpoints: checkpoints.slice(2),
      },
      'step 5: the checkpoint that the run began with is missing.',
    ],
  ])('%s', ([, run, message]) => {
    expect(() => verifyFiles(run)).toThrow(message);
  });
});
