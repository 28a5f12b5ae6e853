import type { Dataset } from '../shared/data/dataset.ts';
import type { Engine } from '../shared/engine/engine.ts';
import type { Numerics } from '../shared/engine/kernels.ts';
import { LockstepError } from '../shared/errors.ts';
import { describeLeaves } from '../shared/reduction-tree.ts';
import type { RunConfig } from '../shared/run-config.ts';
import { createShareComputer } from '../shared/share-computer.ts';
import { createWorkload, type Workload } from '../shared/workload.ts';
import type { Checkpoint } from './checkpoint.ts';
import { CHAIN_START, formatFingerprint, nextLink, type StepRecord } from './ledger.ts';
import { LocalSource } from './local-source.ts';
import { createParameterServer } from './parameter-server.ts';

/*
 * The checks of `lockstep verify`. Each throws a `VERIFY` error that names the step where the records of a run
 * do not hold.
 */

/** Steps follow each other, and the chain links their fingerprints. */
export function verifyChain(records: readonly StepRecord[]): void {
  let chain = records[0]?.step === 0 ? CHAIN_START : undefined;
  for (const [index, record] of records.entries()) {
    const expected = records[0].step + index;
    if (record.step !== expected)
      fail(expected, `its record is missing, that of step ${record.step} follows`);
    // Records that begin in the middle of a run continue a chain which is elsewhere.
    const link = chain === undefined ? record.chain : nextLink(chain, record.fingerprint);
    if (record.chain !== link) fail(record.step, `the chain is broken: ${record.chain}, not ${link}`);
    chain = record.chain;
  }
}

/** The work of each step is every micro-batch once. */
export function verifyWork(records: readonly StepRecord[], { microBatchCount }: RunConfig): void {
  for (const { step, work } of records) {
    let covered = 0;
    for (const [lo, hi] of work.toSorted(([a], [b]) => a - b)) {
      if (lo > covered) fail(step, `nobody computed ${describeLeaves({ lo: covered, hi: lo })}`);
      if (lo < covered || hi <= lo) fail(step, `${describeLeaves({ lo, hi: covered })} count twice`);
      covered = hi;
    }
    if (covered < microBatchCount)
      fail(step, `nobody computed ${describeLeaves({ lo: covered, hi: microBatchCount })}`);
    if (covered > microBatchCount) fail(step, `it has ${covered} micro-batches, the run ${microBatchCount}`);
  }
}

/**
 * The steps of each whole epoch use every training example exactly once, none that is held out. Returns the number of
 * whole epochs.
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
          for (const example of workload.examples({ kind: 'train', step }, leaf).indices) uses[example]++;
        }
      }
    }
    const usedCount = uses.reduce((count, times) => count + times, 0);
    const isOnce = usedCount === exampleCount - config.validationCount && uses.every((times) => times <= 1);
    if (!isOnce) fail(epoch * stepsPerEpoch, `epoch ${epoch + 1} does not use every training example once`);
  }
  return Math.max(0, end - first);
}

/** A checkpoint has the parameters that the record of its step says. */
export function verifyCheckpoint(
  { step, parameters, progress }: Checkpoint,
  records: readonly StepRecord[],
  engine: Engine,
): void {
  const record = records.find((one) => one.step === step - 1);
  if (!record) return;
  const buffer = engine.allocate(parameters.length);
  buffer.set(parameters);
  const found = formatFingerprint(engine.kernels.fingerprint(buffer));
  if (found !== record.fingerprint)
    fail(step - 1, `the checkpoint after it has other parameters: ${found}, not ${record.fingerprint}`);
  if (progress.chain !== record.chain) fail(step - 1, 'the checkpoint after it belongs to another chain');
}

export interface RecomputeOptions {
  readonly config: RunConfig;
  readonly dataset: Dataset;
  /** A new engine, with memory of its own. */
  readonly openEngine: (numerics: Numerics) => Engine;
}

/**
 * Computes up to `count` steps again in this process, from a checkpoint or from the beginning, and compares what they lead
 * to. Calls `onStep` after each; returns how many there were.
 */
export async function recomputeSteps(
  { config, dataset, openEngine }: RecomputeOptions,
  records: readonly StepRecord[],
  start: Checkpoint | undefined,
  count: number,
  signal: AbortSignal,
  onStep: () => void,
): Promise<number> {
  const engine = openEngine(config.numerics);
  const workload = createWorkload(config, dataset);
  const server = createParameterServer(engine, config, workload, start);
  const source = new LocalSource(createShareComputer(engine, config, workload), workload);
  const from = records.findIndex(({ step }) => step === server.step);
  const range = from < 0 ? [] : records.slice(from, from + count);
  for (const record of range) {
    const round = { kind: 'train', step: server.step } as const;
    const { root } = await source.sum(round, server.roundedParameters, signal);
    server.update(root, workload.exampleCount(round, { lo: 0, hi: config.microBatchCount }));
    const found = formatFingerprint(server.fingerprint());
    if (found !== record.fingerprint)
      fail(record.step, `computed again it leads to other parameters: ${found}, not ${record.fingerprint}`);
    onStep();
  }
  return range.length;
}

function fail(step: number, what: string): never {
  throw new LockstepError('VERIFY', `step ${step}: ${what}.`);
}
