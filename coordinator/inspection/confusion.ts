import { setImmediate } from 'node:timers/promises';
import type { ExampleSet } from '../../shared/data/dataset.ts';
import type { Engine } from '../../shared/engine/engine.ts';
import type { ModelPlan } from '../../shared/engine/model/model-plan.ts';
import { isSharedEngine } from '../../shared/engine/threads/shared-engine.ts';
import { computeOutcomes, type RowOutcomes } from '../../shared/round/row-outcomes.ts';
import type { RunConfig } from '../../shared/round/run-config.ts';
import { computeOutcomesInThreads } from '../../shared/threads/outcome-threads.ts';

export interface Evaluation {
  /** The mean over the set. */
  readonly loss: number;
  readonly accuracy: number;
  /** The number of examples per class and predicted class: `confusion[label][prediction]`. */
  readonly confusion: readonly (readonly number[])[];
}

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
  return tally(outcomes, set, plan.classCount);
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
  const confusion = Array.from({ length: classCount }, () => new Array<number>(classCount).fill(0));
  let lossTotal = 0;
  let row = 0;
  for (const { losses, predictions } of parts) {
    for (const [index, loss] of losses.entries()) {
      lossTotal += loss;
      confusion[labels[row++]][predictions[index]]++;
    }
  }
  const correctCount = confusion.reduce((sum, counts, label) => sum + counts[label], 0);
  return { loss: lossTotal / count, accuracy: correctCount / count, confusion };
}
