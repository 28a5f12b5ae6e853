import { setImmediate } from 'node:timers/promises';
import type { ExampleSet } from '../../shared/data/dataset.ts';
import type { RegressionManifest } from '../../shared/data/manifest.ts';
import { isRegression, varianceOf } from '../../shared/data/target.ts';
import type { Engine } from '../../shared/engine/engine.ts';
import type { ModelPlan } from '../../shared/engine/model/model-plan.ts';
import { isSharedEngine } from '../../shared/engine/threads/shared-engine.ts';
import { computeOutcomes, type RowOutcomes } from '../../shared/round/row-outcomes.ts';
import type { RunConfig } from '../../shared/round/run-config.ts';
import { computeOutcomesInThreads } from '../../shared/threads/outcome-threads.ts';
import { type Quality, qualityOf } from '../training/quality.ts';

export interface Evaluation extends Quality {
  /** The mean over the set. */
  readonly loss: number;
  /**
   * The number of examples per class and predicted class: `confusion[label][prediction]`. Undefined
   * if there are more than {@link CONFUSION_CLASSES_MAX} classes, or if the target is a number.
   */
  readonly confusion?: readonly (readonly number[])[];
  /** The most frequent mistakes, the first ten. */
  readonly mistakes: readonly Mistake[];
  /** The targets and predictions in the unit of the target. Undefined for classes. */
  readonly numbers?: { readonly targets: number[]; readonly predictions: number[] };
}

/** So many examples of one class are taken for another. */
export interface Mistake {
  readonly label: number;
  readonly prediction: number;
  readonly count: number;
}

export const CONFUSION_CLASSES_MAX = 256;
const MISTAKES_SHOWN = 10;

/**
 * Evaluates a model on every example of a set, with so many threads, and the same result for any
 * number. With `isFlipped`, each output is the mean of those for the image and its mirror image.
 * Rounds the parameters as in training: to bfloat16 if that is the run's wire format. Lets the
 * event loop turn between batches. Rejects with `signal.reason` when aborted.
 */
export async function evaluateSet(
  engine: Engine,
  config: RunConfig,
  plan: ModelPlan,
  parameters: Float32Array,
  set: ExampleSet,
  signal: AbortSignal,
  { threads = 1, isFlipped = false }: { threads?: number; isFlipped?: boolean } = {},
): Promise<Evaluation> {
  const ownParameters = engine.allocate(parameters.length);
  ownParameters.set(parameters);
  if (config.wire === 'bf16') engine.kernels.roundToBfloat16(ownParameters);
  const what = [config, plan, ownParameters, set, isFlipped] as const;
  const outcomes =
    threads > 1 && isSharedEngine(engine)
      ? await computeOutcomesInThreads(engine, ...what, threads, signal)
      : [await takingTurns(computeOutcomes(engine, ...what), signal)];
  return isRegression(config.dataset)
    ? tallyNumbers(outcomes, set, config.dataset)
    : tally(outcomes, set, plan.classCount);
}

/** Runs a computation to its end, and lets the event loop turn whenever it yields. */
async function takingTurns<T>(computing: Generator<undefined, T>, signal: AbortSignal): Promise<T> {
  for (;;) {
    const step = computing.next();
    if (step.done) return step.value;
    await setImmediate();
    signal.throwIfAborted();
  }
}

/** Adds up the outcomes of the parts of a set, in the order of its examples. */
function tally(
  parts: readonly RowOutcomes[],
  { count, labels }: ExampleSet,
  classCount: number,
): Evaluation {
  const hasMatrix = classCount <= CONFUSION_CLASSES_MAX;
  const size = hasMatrix ? classCount : 0;
  const confusion = Array.from({ length: size }, () => new Array<number>(size).fill(0));
  const wrong = new Map<number, Mistake>();
  let [lossTotal, correctCount, row] = [0, 0, 0];
  for (const { losses, predictions } of parts) {
    for (const [index, loss] of losses.entries()) {
      lossTotal += loss;
      const [label, prediction] = [labels[row++], predictions[index]];
      if (hasMatrix) confusion[label][prediction]++;
      if (label === prediction) correctCount++;
      else {
        const key = label * classCount + prediction;
        wrong.set(key, { label, prediction, count: (wrong.get(key)?.count ?? 0) + 1 });
      }
    }
  }
  const mistakes = [...wrong.values()].sort((a, b) => b.count - a.count).slice(0, MISTAKES_SHOWN);
  return {
    loss: lossTotal / count,
    accuracy: correctCount / count,
    ...(hasMatrix && { confusion }),
    mistakes,
  };
}

function tallyNumbers(
  parts: readonly RowOutcomes[],
  { count, labels }: ExampleSet,
  manifest: RegressionManifest,
): Evaluation {
  const { mean, deviation } = manifest.target;
  const sums = { correctCount: 0, squaredErrorSum: 0, absoluteErrorSum: 0 };
  const numbers = { targets: [] as number[], predictions: [] as number[] };
  let lossTotal = 0;
  for (const { losses, predictions } of parts) {
    for (const [index, loss] of losses.entries()) {
      lossTotal += loss;
      const [target, output] = [labels[numbers.targets.length], predictions[index]];
      sums.squaredErrorSum += (output - target) ** 2;
      sums.absoluteErrorSum += Math.abs(output - target);
      numbers.targets.push(target * deviation + mean);
      numbers.predictions.push(output * deviation + mean);
    }
  }
  const quality = qualityOf(manifest, sums, count, () => varianceOf(labels));
  return { loss: lossTotal / count, ...quality, mistakes: [], numbers };
}
