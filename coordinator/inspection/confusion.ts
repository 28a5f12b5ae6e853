import { setImmediate } from 'node:timers/promises';
import type { ExampleSet } from '../../shared/data/dataset.ts';
import type { Engine } from '../../shared/engine/engine.ts';
import { createModel, LOSS_AND_CORRECT_LENGTH } from '../../shared/engine/model/model.ts';
import type { ModelPlan } from '../../shared/engine/model/model-plan.ts';
import type { RunConfig } from '../../shared/round/run-config.ts';

export interface Evaluation {
  /** The mean over the set. */
  readonly loss: number;
  readonly accuracy: number;
  /** The number of examples per class and predicted class: `confusion[label][prediction]`. */
  readonly confusion: readonly (readonly number[])[];
}

const ROWS = 250;

/**
 * Evaluates a model on every example of a set. Rounds the parameters as in training: to bfloat16 if
 * that is the run's wire format. Lets the event loop turn between batches. Rejects with
 * `signal.reason` when aborted.
 */
export async function evaluateSet(
  engine: Engine,
  config: RunConfig,
  plan: ModelPlan,
  parameters: Float32Array,
  set: ExampleSet,
  signal: AbortSignal,
): Promise<Evaluation> {
  const model = createModel(engine, plan, config, ROWS);
  const { inputCount: inputs, classCount: classes } = plan;
  const ownParameters = engine.allocate(parameters.length);
  ownParameters.set(parameters);
  if (config.wire === 'bf16') engine.kernels.roundToBfloat16(ownParameters);
  const bytes = engine.allocateBytes(ROWS * inputs);
  const x = engine.allocate(bytes.length);
  const labels = engine.allocateBytes(ROWS);
  const confusion = Array.from({ length: classes }, () => new Array<number>(classes).fill(0));
  let lossTotal = 0;
  for (let start = 0; start < set.count; start += ROWS) {
    const rows = Math.min(ROWS, set.count - start);
    bytes.set(set.pixels.subarray(start * inputs, (start + rows) * inputs));
    labels.set(set.labels.subarray(start, start + rows));
    engine.kernels.scaleBytes(bytes, x, rows * inputs);
    const lossAndCorrect = model.evaluate(ownParameters, x, labels, {
      leafSizes: Uint32Array.of(rows),
      rows,
      training: undefined,
    });
    for (let row = 0; row < rows; row++) {
      lossTotal += lossAndCorrect[row * LOSS_AND_CORRECT_LENGTH];
      const scores = model.logits.subarray(row * classes, (row + 1) * classes);
      confusion[labels[row]][scores.indexOf(Math.max(...scores))]++;
    }
    await setImmediate();
    signal.throwIfAborted();
  }
  const correctCount = confusion.reduce((sum, counts, label) => sum + counts[label], 0);
  return { loss: lossTotal / set.count, accuracy: correctCount / set.count, confusion };
}
