import type { Clock } from '../shared/clock.ts';
import { LockstepError } from '../shared/errors.ts';
import type { RunConfig } from '../shared/run-config.ts';
import { type Round, statisticsOf, type Workload } from '../shared/workload.ts';
import type { GradientSource, RoundTiming } from './gradient-source.ts';
import { formatFingerprint, nextLink, type StepRecord, workOf } from './ledger.ts';
import type { ParameterServer } from './parameter-server.ts';
import type { EpochResult, Progress, StopRule } from './progress.ts';

export interface TrainingRun {
  readonly config: RunConfig;
  readonly workload: Workload;
  readonly source: GradientSource;
  readonly server: ParameterServer;
  readonly progress: Progress;
  readonly stopRule: StopRule;
  /** Stop after so many steps in all, even within an epoch. */
  readonly stepsMax: number;
  readonly clock: Clock;
  onStep(record: StepRecord, timing: StepTimes): Promise<void>;
  onEpoch(result: EpochResult): Promise<void>;
}

/** How the time of a step went by. */
export interface StepTimes extends Partial<RoundTiming> {
  /** Of the optimizer. */
  readonly updateMs: number;
  /** By the coordinator's clock, in ms. Two steps in a row tell what a step takes with all about it. */
  readonly doneAt: number;
}

/**
 * Trains until the stop rule holds. All state is in `server` and `progress`, and changes only between two awaits:
 * when this rejects (`signal` aborted, workers lost, training diverged), that is the state after the last whole
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
 * One step. `recordLast` records the one before, now that this one's work is handed out: nobody waits for it. Returns how
 * to record this one, before its parameters change.
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
  const update = updateByParts(run, examples);
  const summing = source.sum(round, server.roundedParameters, signal, update).catch((error: unknown) => {
    server.takeBack();
    throw error;
  });
  const [{ root, contributions, timing }] = await Promise.all([summing, recordLast()]);
  const summedAt = clock.now();
  const { lossSum, correctCount } = statisticsOf(root);
  assertFinite(lossSum, run);
  const learningRate = server.update(root, examples);
  progress.lossSum += lossSum;
  progress.correctCount += correctCount;
  progress.exampleCount += examples;
  const doneAt = clock.now();
  const done = {
    step: round.step,
    epoch: Math.floor(round.step / workload.stepsPerEpoch) + 1,
    loss: lossSum / examples,
    accuracy: correctCount / examples,
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

/** The update while the sum is coming in, and how long it took; undefined where it must wait for all of it. */
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
    takeBack: server.takeBack,
  };
}

async function finishEpoch(run: TrainingRun, signal: AbortSignal): Promise<void> {
  const { config, workload, server, progress } = run;
  const validation = config.validationCount > 0 ? await evaluate(run, 'validation', signal) : undefined;
  const test = await evaluate(run, 'test', signal);
  const result: EpochResult = {
    epoch: server.step / workload.stepsPerEpoch,
    step: server.step,
    ...trainingMeans(progress),
    validationLoss: validation?.loss ?? null,
    validationAccuracy: validation?.accuracy ?? null,
    testLoss: test.loss,
    testAccuracy: test.accuracy,
  };
  const bestLoss = progress.best?.validationLoss ?? Number.POSITIVE_INFINITY;
  if (validation && validation.loss < bestLoss) progress.best = result;
  progress.last = result;
  progress.lossSum = progress.correctCount = progress.exampleCount = 0;
  await run.onEpoch(result);
}

/** Mean loss and accuracy of a whole set under the present parameters. */
export async function evaluate(
  run: TrainingRun,
  kind: 'validation' | 'test',
  signal: AbortSignal,
): Promise<{ loss: number; accuracy: number }> {
  const { workload, source, server } = run;
  const round: Round = { kind, step: server.step };
  const { root } = await source.sum(round, server.roundedParameters, signal);
  const { lossSum, correctCount } = statisticsOf(root);
  assertFinite(lossSum, run);
  const examples = workload.exampleCount(round, { lo: 0, hi: workload.leafCount(kind) });
  return { loss: lossSum / examples, accuracy: correctCount / examples };
}

/** Means over the examples of the epoch under way. */
export function trainingMeans({ lossSum, correctCount, exampleCount }: Progress) {
  return { trainLoss: lossSum / exampleCount, trainAccuracy: correctCount / exampleCount };
}

/** What tells how far a run is. */
type Standing = Pick<TrainingRun, 'workload' | 'server' | 'progress' | 'stopRule' | 'stepsMax'>;

/** Whether nothing is left to train or to evaluate: `train` would do nothing. */
export function isOver(run: Standing): boolean {
  return !isEpochOver(run) && isFinished(run);
}

function isEpochOver({ workload, server, progress }: Standing): boolean {
  return progress.exampleCount > 0 && server.step % workload.stepsPerEpoch === 0;
}

function isFinished({ workload, server, progress, stopRule, stepsMax }: Standing): boolean {
  const { epochs, earlyStopping } = stopRule;
  if (server.step >= Math.min(stepsMax, epochs * workload.stepsPerEpoch)) return true;
  const { last, best } = progress;
  return earlyStopping !== undefined && !!last && !!best && last.epoch - best.epoch >= earlyStopping;
}

function assertFinite(lossSum: number, { config, server }: TrainingRun): void {
  if (Number.isFinite(lossSum)) return;
  throw new LockstepError(
    'DIVERGED',
    `training diverged: the loss of step ${server.step} is ${lossSum}. Lower --lr (${config.learningRate.peak}).`,
  );
}
