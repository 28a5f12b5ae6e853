import { setImmediate } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import { bytesOf } from '../../shared/bytes.ts';
import type { Dataset } from '../../shared/data/dataset.ts';
import type { Engine } from '../../shared/engine/engine.ts';
import type { Numerics } from '../../shared/engine/kernels.ts';
import { createWorkload } from '../../shared/round/workload.ts';
import { systemClock } from '../../shared/system-clock.ts';
import { createComputer } from '../../shared/threads/start-threads.ts';
import type { Checkpoint } from '../run-folder/checkpoint.ts';
import type { StepRecord } from '../training/ledger.ts';
import { LocalSource } from '../training/local-source.ts';
import { createParameterServer } from '../training/parameter-server.ts';
import { type EpochResult, initialProgress } from '../training/progress.ts';
import type { Quality } from '../training/quality.ts';
import { evaluate, type TrainingRun, train } from '../training/train.ts';
import { fail, type RecordedRun } from './recorded-run.ts';
import { withoutTime } from './verify-checkpoints.ts';

export interface RecomputeOptions {
  readonly dataset: Dataset;
  /** Opens a new engine, with its own memory. */
  readonly openEngine: (numerics: Numerics) => Engine;
  /** The threads that compute. By default only this one. */
  readonly threads?: number;
  readonly signal: AbortSignal;
}

const NO_VALUES = new Float32Array(0);

/** The columns of a record that do not depend on who computed the step, and when. */
const COMPUTED = [
  'fingerprint',
  'loss',
  'accuracy',
  'errors',
  'learningRate',
  'examples',
  'chain',
] as const;

/**
 * Trains again in this process, from the checkpoint `start` or from the beginning, up to `count`
 * steps of a run. Compares each step, epoch and checkpoint with what is recorded. Throws a `VERIFY`
 * error at the first difference. Calls `onStep` after each step. Returns the number of steps.
 */
export async function recompute(
  run: RecordedRun,
  start: Checkpoint | undefined,
  count: number,
  options: RecomputeOptions,
  onStep: () => void,
): Promise<number> {
  const again = createTraining(run, start, options);
  const { server, progress, workload } = again;
  const from = server.step;
  const { firstStep } = run.description;
  const end = Math.min(from + count, firstStep + run.records.length);

  /** At the end of an epoch there may be two states: before and after its evaluation. */
  const compareCheckpoint = (): void => {
    const saved = run.checkpoints.find(({ step }) => step === server.step);
    if (saved && saved.progress.exampleCount > 0 === progress.exampleCount > 0)
      compareState(saved, again);
  };
  await train(
    {
      ...again,
      stepsMax: end,
      async onStep(record) {
        compareRecord(run.records[record.step - firstStep], record);
        compareCheckpoint();
        onStep();
      },
      async onEpoch(result) {
        compareEpoch(run, result);
        compareCheckpoint();
      },
      stopRule: { epochs: Math.ceil(end / workload.stepsPerEpoch) },
    },
    options.signal,
  ).finally(again.close);
  return end - from;
}

/** The quality of a checkpoint on the test set, computed again. */
export async function recomputeQuality(
  run: RecordedRun,
  checkpoint: Checkpoint,
  options: RecomputeOptions,
): Promise<Quality> {
  const training = createTraining(run, checkpoint, options);
  try {
    return await evaluate(training, 'test', options.signal);
  } finally {
    training.close();
  }
}

function createTraining(
  { description: { config, stopRule } }: RecordedRun,
  start: Checkpoint | undefined,
  { dataset, openEngine, threads = 1 }: RecomputeOptions,
): TrainingRun & { close(): void } {
  const engine = openEngine(config.numerics);
  const workload = createWorkload(config, dataset);
  const computer = createComputer(engine, config, dataset, workload, threads);
  return {
    config,
    workload,
    stopRule,
    source: new LocalSource(computer, workload, setImmediate),
    server: createParameterServer(engine, config, workload, start),
    progress: start ? { ...start.progress } : initialProgress(),
    stepsMax: Number.POSITIVE_INFINITY,
    clock: systemClock,
    onStep: async () => {},
    onEpoch: async () => {},
    close: () => computer.close?.(),
  };
}

function compareRecord(recorded: StepRecord, computed: StepRecord): void {
  const { step } = computed;
  if (recorded.fingerprint !== computed.fingerprint)
    fail(
      step,
      'computed again, this step leads to other parameters: fingerprint ' +
        `${computed.fingerprint}, not ${recorded.fingerprint}`,
    );
  for (const column of COMPUTED)
    if (!isDeepStrictEqual(recorded[column], computed[column]))
      fail(
        step,
        `computed again, its ${column} is ${textOf(computed[column])}, ` +
          `not ${textOf(recorded[column])}`,
      );
}

function compareEpoch({ epochs }: RecordedRun, computed: EpochResult): void {
  const recorded = epochs.find(({ epoch }) => epoch === computed.epoch);
  if (recorded && !isDeepStrictEqual(withoutTime(recorded), computed))
    fail(computed.step, `computed again, epoch ${computed.epoch} has other results`);
}

function compareState(saved: Checkpoint, { server, progress }: TrainingRun): void {
  const { step, parameters, averages, optimizer } = server;
  const pairs = [
    ['parameters', saved.parameters, parameters],
    ...(averages ? [['averages', saved.averages ?? NO_VALUES, averages] as const] : []),
    ...Object.entries(optimizer.state).map(
      ([name, values]) => [name, saved.optimizerState[name], values] as const,
    ),
  ] as const;
  for (const [name, recorded, computed] of pairs)
    if (Buffer.compare(bytesOf(recorded), bytesOf(computed)) !== 0)
      fail(step, `computed again, the checkpoint has other values of ${name}`);
  if (!isDeepStrictEqual(saved.progress, { ...progress }))
    fail(step, 'computed again, the checkpoint has other sums or results');
}

const textOf = (value: unknown): string =>
  typeof value === 'object' ? JSON.stringify(value) : String(value);
