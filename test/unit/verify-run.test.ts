import { describe, expect, test } from 'vitest';
import type { Checkpoint } from '../../coordinator/checkpoint.ts';
import type { StepRecord } from '../../coordinator/ledger.ts';
import { LocalSource } from '../../coordinator/local-source.ts';
import { train } from '../../coordinator/train.ts';
import {
  recomputeSteps,
  verifyChain,
  verifyCheckpoint,
  verifyExamples,
  verifyWork,
} from '../../coordinator/verify-run.ts';
import { createToyDataset } from '../support/toy-dataset.ts';
import { createToyRun, naiveEngine, toyConfig } from '../support/toy-run.ts';

const dataset = createToyDataset();
const config = toyConfig(dataset);
const never = new AbortController().signal;
const EPOCHS = 3;

/** A run of three epochs: its records, and a checkpoint in the middle. */
async function recordRun() {
  const { workload, computer, server, progress, run } = createToyRun(config, dataset, EPOCHS);
  const records: StepRecord[] = [];
  let checkpoint: Checkpoint | undefined;
  const onStep = async (record: StepRecord) => {
    records.push(record);
    if (server.step !== 5) return;
    const { step, optimizer } = server;
    const optimizerState = { velocity: optimizer.state.velocity.slice() };
    const parameters = server.parameters.slice();
    const state = { progress: { ...progress }, stopRule: { epochs: EPOCHS } };
    checkpoint = { config, step, parameters, optimizerState, ...state };
  };
  await train({ ...run(new LocalSource(computer, workload)), onStep }, never);
  if (!checkpoint) throw new Error('the run has five steps at least');
  return { records, workload, checkpoint };
}
const { records, workload, checkpoint } = await recordRun();

/** The records with one altered. */
const altered = (step: number, change: Partial<StepRecord>): StepRecord[] =>
  records.map((record) => (record.step === step ? { ...record, ...change } : record));
const verifyAllExamples = (of: StepRecord[]) => verifyExamples(of, config, workload, dataset.train.count);
const recompute = (of: StepRecord[], start?: Checkpoint) =>
  recomputeSteps({ config, dataset, openEngine: () => naiveEngine }, of, start, 1000, never, () => {});

describe('the records of a run', () => {
  test('hold', async () => {
    expect(records).toHaveLength(EPOCHS * workload.stepsPerEpoch);
    verifyChain(records);
    verifyWork(records, config);
    expect(verifyAllExamples(records)).toBe(EPOCHS);
    verifyCheckpoint(checkpoint, records, naiveEngine);
    expect(await recompute(records)).toBe(records.length);
    expect(await recompute(records, checkpoint)).toBe(records.length - 5);
  });

  test('hold from the middle on, where a run went on in another folder', async () => {
    const later = records.slice(5);
    verifyChain(later);
    expect(verifyAllExamples(later)).toBe(1);
    expect(await recompute(later, checkpoint)).toBe(later.length);
  });

  test.for([
    [
      'a record that is missing',
      () => verifyChain(records.toSpliced(3, 1)),
      /^step 3: its record is missing/,
    ],
    [
      'another fingerprint in the chain',
      () => verifyChain(altered(4, { fingerprint: records[3].fingerprint })),
      /^step 4: the chain is broken/,
    ],
    [
      'work that nobody did',
      () =>
        verifyWork(
          altered(2, {
            work: [
              [0, 8, 'a'],
              [12, 16, 'b'],
            ],
          }),
          config,
        ),
      'step 2: nobody computed micro-batches 8-11.',
    ],
    [
      'work that nobody did, at the end',
      () => verifyWork(altered(2, { work: [[0, 15, null]] }), config),
      'step 2: nobody computed micro-batch 15.',
    ],
    [
      'work that counts twice',
      () =>
        verifyWork(
          altered(2, {
            work: [
              [0, 8, 'a'],
              [6, 16, 'b'],
            ],
          }),
          config,
        ),
      'step 2: micro-batches 6-7 count twice.',
    ],
    [
      'an example that is used twice',
      () =>
        verifyAllExamples(
          altered(2, {
            work: [
              [0, 15, 'a'],
              [14, 15, 'b'],
            ],
          }),
        ),
      'step 0: epoch 1 does not use every training example once.',
    ],
    [
      'a checkpoint with another bit',
      () => {
        const parameters = checkpoint.parameters.slice();
        new Uint8Array(parameters.buffer)[17] ^= 1;
        verifyCheckpoint({ ...checkpoint, parameters }, records, naiveEngine);
      },
      /^step 4: the checkpoint after it has other parameters/,
    ],
    [
      'a checkpoint of another chain',
      () =>
        verifyCheckpoint(
          { ...checkpoint, progress: { ...checkpoint.progress, chain: 'x' } },
          records,
          naiveEngine,
        ),
      'step 4: the checkpoint after it belongs to another chain.',
    ],
  ] as const)('do not hold with %s', ([, verify, message]) => {
    expect(verify).toThrow(message);
  });

  test('do not hold if a step led elsewhere, however well they agree with each other', async () => {
    const forged = altered(7, { fingerprint: records[6].fingerprint });
    await expect(recompute(forged)).rejects.toThrow(/^step 7: computed again it leads to other parameters/);
    await expect(recompute(forged, checkpoint)).rejects.toThrow(/^step 7/);
  });
});
