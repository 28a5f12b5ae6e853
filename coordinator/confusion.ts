import { setImmediate } from 'node:timers/promises';
import type { ExampleSet } from '../shared/data/dataset.ts';
import type { Engine } from '../shared/engine/engine.ts';
import { createModel, STATISTIC_COUNT } from '../shared/engine/model.ts';
import { classCount, sizeOfShape } from '../shared/engine/model-spec.ts';
import type { RunConfig } from '../shared/run-config.ts';

export interface Evaluation {
  /** Mean over the set. */
  readonly loss: number;
  readonly accuracy: number;
  /** confusion[label][prediction]: how many examples of a class were taken for which. */
  readonly confusion: readonly (readonly number[])[];
}

const ROWS = 250;

/** What a model, its parameters rounded as in training, makes of every example of a set; lets the event loop turn between batches. */
export async function evaluateSet(
  engine: Engine,
  config: RunConfig,
  parameters: Float32Array,
  set: ExampleSet,
  signal: AbortSignal,
): Promise<Evaluation> {
  const model = createModel(engine, config.model, config, ROWS);
  const inputs = sizeOfShape(config.model.input);
  const classes = classCount(config.model);
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
    const statistics = model.evaluate(ownParameters, x, labels, {
      leafSizes: Uint32Array.of(rows),
      rows,
      training: undefined,
    });
    for (let row = 0; row < rows; row++) {
      lossTotal += statistics[row * STATISTIC_COUNT];
      const scores = model.logits.subarray(row * classes, (row + 1) * classes);
      confusion[labels[row]][scores.indexOf(Math.max(...scores))]++;
    }
    await setImmediate();
    signal.throwIfAborted();
  }
  const correctCount = confusion.reduce((sum, counts, label) => sum + counts[label], 0);
  return { loss: lossTotal / set.count, accuracy: correctCount / set.count, confusion };
}
