import type { Clock } from '../../shared/clock.ts';
import { LockstepError } from '../../shared/errors.ts';
import type { RunConfig } from '../../shared/round/run-config.ts';
import {
  type Measures,
  measuresOf,
  type Round,
  type RoundKind,
  type Workload,
} from '../../shared/round/workload.ts';
import type { GradientSource, RoundTiming } from './gradient-source.ts';
import { formatFingerprint, nextLink, type StepRecord, workOf } from './ledger.ts';
import type { ParameterServer } from './parameter-server.ts';
import type { EpochResult, Progress, StopRule } from './progress.ts';
import { type Quality, qualityOf } from './quality.ts';

/*
 * The training loop.
 *
 * The problem. A step needs the parameters that the step before led to. If the coordinator did all
 * of its own work between two steps, every worker would wait for it. And a step may fail at any
 * time: the user stops the run, or the workers are lost. Then the run must still have a state that
 * a checkpoint can hold.
 *
 * The order of events within step n:
 *
 *   workers                 compute and send their sums
 *                      ┌──────────────────────────────────┐
 *   coordinator   ask ─┤ record n-1    part   part   part ├─ final update ──► ask for n+1
 *                      └────────────────┬─────────────────┘
 *                                       └─ fails ──► roll back ──► `train` rejects
 *
 *   ask            `source.sum` hands out the parameters and the work before it returns.
 *   record         The fingerprint, the ledger, and `onStep` for step n-1, while workers compute.
 *   part           The source knows the next values of the root. `updatePart` applies them, and the
 *                  source sends the new parameters while other sums still arrive.
 *   final update   The root is whole. `update` applies the rest, and step n is done.
 *   roll back      Undoes all parts of step n.
 *
 * Parts are optional. A source passes on none if it computes in this process, audits sums, or has
 * only workers on this machine. With `clipNorm` there are none either. Then the final update does
 * all of it. The result has the same bits in every case.
 *
 * Before an epoch is evaluated, and before `train` returns, the last step is recorded.
 *
 * Invariants.
 *   1. `server` and `progress` change only between two awaits. The one exception is a part, which
 *      changes the parameters during the await for the sum. `rollBack` undoes it.
 *   2. When `train` rejects, the state is that after the last whole step.
 *   3. Step n-1 is recorded before the first part of step n. So `onStep` may read the parameters,
 *      for example to copy them into a checkpoint, but only before its first await.
 */

export interface TrainingRun {
  readonly config: RunConfig;
  readonly workload: Workload;
  readonly source: GradientSource;
  readonly server: ParameterServer;
  readonly progress: Progress;
  readonly stopRule: StopRule;
  /** Training stops after this many steps in total, even within an epoch. */
  readonly stepsMax: number;
  readonly clock: Clock;
  readonly measureStep?: MeasureStep;
  /** Called after each step, while the next one is computed. */
  onStep(record: StepRecord, timing: StepTimes): Promise<void>;
  /** Called after each evaluation of a set. */
  onEvaluation?(evaluation: FinishedRound, times: StepTimes): void;
  /** Called after each epoch's evaluation. Training waits for it. */
  onEpoch(result: EpochResult): Promise<void>;
}

/**
 * Called before a step's work is handed out. Returns undefined, or a function that is called after
 * the update, with the root and the number of examples of the step. Both only look.
 */
export type MeasureStep = () => ((root: Float32Array, exampleCount: number) => void) | undefined;

/** A round that is over, and who gave which sum. */
export interface FinishedRound extends Pick<StepRecord, 'milliseconds' | 'work' | 'copies'> {
  readonly round: Round;
}

/** Where the time of a step or of an evaluation went. */
export interface StepTimes extends Partial<RoundTiming> {
  /** The time of the update, parts included, in ms. */
  readonly updateMs: number;
  /**
   * When it was done, by the coordinator's clock, in ms. The difference between two steps in
   * a row is the full time of a step, including all work around it.
   */
  readonly doneAt: number;
}

/**
 * Trains until the stop rule holds. All state is in `server` and `progress`. Rejects if `signal` is
 * aborted, the workers are lost, or training diverges. The state is then that after the last whole
 * step, and can be saved.
 */
export async function train(run: TrainingRun, signal: AbortSignal): Promise<void> {
  let recordLast = async () => {};
  for (;;) {
    if (isEpochOver(run) || isFinished(run)) {
      await recordLast();
      recordLast = async () => {};
    }
    if (isEpochOver(run)) await finishEpoch(run, signal);
    if (isFinished(run)) return;
    recordLast = await trainStep(run, recordLast, signal);
  }
}

/**
 * Trains one step. Calls `recordLast`, which records the step before, once this step's work is
 * handed out. Returns the function that records this step. It must be called before the parameters
 * change again.
 */
async function trainStep(
  run: TrainingRun,
  recordLast: () => Promise<void>,
  signal: AbortSignal,
): Promise<() => Promise<void>> {
  const { config, workload, source, server, progress, clock } = run;
  const round: Round = { kind: 'train', step: server.step };
  const startedAt = clock.now();
  const examples = workload.exampleCount(round, { lo: 0, hi: config.microBatchCount });
  const measured = run.measureStep?.();
  const update = updateByParts(run, examples);
  const summing = source
    .sum(round, server.roundedParameters, signal, update)
    .catch((error: unknown) => {
      server.rollBack();
      throw error;
    });
  const [{ root, contributions, timing }] = await Promise.all([summing, recordLast()]);
  const summedAt = clock.now();
  const measures = measuresOf(root, workload.model);
  assertFinite(measures.lossSum, run);
  const learningRate = server.update(root, examples);
  addTo(progress, measures, examples);
  const doneAt = clock.now();
  measured?.(root, examples);
  const done = {
    step: round.step,
    epoch: Math.floor(round.step / workload.stepsPerEpoch) + 1,
    loss: measures.lossSum / examples,
    ...qualityIn(run, 'train', measures, examples),
    learningRate,
    examples,
    milliseconds: doneAt - startedAt,
    worldSize: source.worldSize,
    ...workOf(contributions),
  };
  const times = { ...timing, updateMs: (update?.elapsedMs ?? 0) + doneAt - summedAt, doneAt };
  return async () => {
    const fingerprint = formatFingerprint(server.fingerprint());
    progress.chain = nextLink(progress.chain, fingerprint);
    await run.onStep({ ...done, fingerprint, chain: progress.chain }, times);
  };
}

/**
 * The update by parts while the sum arrives, and the time it took so far, in ms. Undefined if the
 * update needs the whole sum.
 */
function updateByParts({ server, clock }: TrainingRun, examples: number) {
  const { updatePart } = server;
  if (!updatePart) return undefined;
  return {
    elapsedMs: 0,
    take(root: Float32Array, from: number, to: number) {
      const startedAt = clock.now();
      updatePart(root, examples, from, to);
      this.elapsedMs += clock.now() - startedAt;
      return server.roundedParameters;
    },
    rollBack: server.rollBack,
  };
}

async function finishEpoch(run: TrainingRun, signal: AbortSignal): Promise<void> {
  const { config, workload, server, progress } = run;
  const validation =
    config.validationCount > 0 ? await evaluate(run, 'validation', signal) : undefined;
  const test = await evaluate(run, 'test', signal);
  const result: EpochResult = {
    epoch: server.step / workload.stepsPerEpoch,
    step: server.step,
    ...trainingMeans(run),
    validationLoss: validation?.loss ?? null,
    validationAccuracy: validation?.accuracy ?? null,
    testLoss: test.loss,
    testAccuracy: test.accuracy,
    ...(validation?.errors && { validationErrors: validation.errors }),
    ...(test.errors && { testErrors: test.errors }),
  };
  const bestLoss = progress.best?.validationLoss ?? Number.POSITIVE_INFINITY;
  if (validation && validation.loss < bestLoss) progress.best = result;
  progress.last = result;
  progress.lossSum = progress.correctCount = progress.exampleCount = 0;
  progress.squaredErrorSum = progress.absoluteErrorSum = 0;
  await run.onEpoch(result);
}

/** The mean loss and the quality over a whole set, with the current model. */
export async function evaluate(
  run: TrainingRun,
  kind: 'validation' | 'test',
  signal: AbortSignal,
): Promise<{ loss: number } & Quality> {
  const { workload, source, server, clock } = run;
  const round: Round = { kind, step: server.step };
  const startedAt = clock.now();
  const { root, contributions, timing } = await source.sum(round, server.roundedModel(), signal);
  const doneAt = clock.now();
  run.onEvaluation?.(
    { round, milliseconds: doneAt - startedAt, ...workOf(contributions) },
    { ...timing, updateMs: 0, doneAt },
  );
  const measures = measuresOf(root, workload.model);
  assertFinite(measures.lossSum, run);
  const examples = workload.exampleCount(round, { lo: 0, hi: workload.leafCount(kind) });
  return { loss: measures.lossSum / examples, ...qualityIn(run, kind, measures, examples) };
}

function addTo(progress: Progress, measures: Measures, examples: number): void {
  progress.lossSum += measures.lossSum;
  progress.correctCount += measures.correctCount;
  progress.squaredErrorSum += measures.squaredErrorSum;
  progress.absoluteErrorSum += measures.absoluteErrorSum;
  progress.exampleCount += examples;
}

type Examined = Pick<TrainingRun, 'config' | 'workload'>;

function qualityIn(
  { config, workload }: Examined,
  kind: RoundKind,
  sums: Omit<Measures, 'lossSum'>,
  examples: number,
): Quality {
  return qualityOf(config.dataset, sums, examples, () => workload.targetVariance(kind));
}

/** The means over the examples of the current epoch so far. */
export function trainingMeans(run: Examined & { readonly progress: Progress }) {
  const { lossSum, exampleCount, ...sums } = run.progress;
  const { accuracy, errors } = qualityIn(run, 'train', sums, exampleCount);
  return {
    trainLoss: lossSum / exampleCount,
    trainAccuracy: accuracy,
    ...(errors && { trainErrors: errors }),
  };
}

/** The part of a run that tells how far it is. */
type Standing = Pick<TrainingRun, 'workload' | 'server' | 'progress' | 'stopRule' | 'stepsMax'>;

/** Whether nothing is left to train or to evaluate. `train` would return at once. */
export function isOver(run: Standing): boolean {
  return !isEpochOver(run) && isFinished(run);
}

function isEpochOver({ workload, server, progress }: Standing): boolean {
  return progress.exampleCount > 0 && server.step % workload.stepsPerEpoch === 0;
}

function isFinished(run: Standing): boolean {
  return isAtLastStep(run) || isStoppedEarly(run);
}

function isAtLastStep({ workload, server, stopRule, stepsMax }: Standing): boolean {
  return server.step >= Math.min(stepsMax, stopRule.epochs * workload.stepsPerEpoch);
}

/** Whether early stopping ends the run here, before its last step. */
export function isStoppedEarly(run: Standing): boolean {
  const { last, best } = run.progress;
  const { earlyStopping } = run.stopRule;
  if (earlyStopping === undefined || !last || !best || isAtLastStep(run)) return false;
  return last.epoch - best.epoch >= earlyStopping;
}

function assertFinite(lossSum: number, { config, server }: TrainingRun): void {
  if (Number.isFinite(lossSum)) return;
  throw new LockstepError(
    'DIVERGED',
    `training diverged: the loss of step ${server.step} is ${lossSum}. ` +
      `Lower --lr (${config.learningRate.peak}).`,
  );
}
