import { setImmediate } from 'node:timers/promises';
import { type ExampleSet, gatherExamples } from '../shared/data/dataset.ts';
import type { Kernels } from '../shared/engine/kernels.ts';
import { createModel } from '../shared/engine/model.ts';
import type { RunConfig } from '../shared/run-config.ts';

export interface Evaluation {
  /** Mean over the set. */
  readonly loss: number;
  readonly accuracy: number;
  /** confusion[label][prediction]: how many examples of a class were taken for which. */
  readonly confusion: readonly (readonly number[])[];
}

const ROWS = 250;

/** What a model makes of every example of a set; lets the event loop turn between batches. */
export async function evaluateSet(
  kernels: Kernels,
  { model: spec, loss }: RunConfig,
  parameters: Float32Array,
  set: ExampleSet,
  signal: AbortSignal,
): Promise<Evaluation> {
  const model = createModel(kernels, spec, loss, ROWS);
  const x = new Float32Array(ROWS * spec.inputs);
  const labels = new Uint8Array(ROWS);
  const confusion = Array.from({ length: spec.outputs }, () => new Array<number>(spec.outputs).fill(0));
  let lossTotal = 0;
  for (let start = 0; start < set.count; start += ROWS) {
    const rows = Math.min(ROWS, set.count - start);
    gatherExamples(
      set,
      Uint32Array.from({ length: rows }, (_, row) => start + row),
      spec.inputs,
      x,
      labels,
    );
    const { logits, lossSum } = model.evaluate(parameters, x, labels, rows);
    lossTotal += lossSum;
    for (let row = 0; row < rows; row++) {
      const scores = logits.subarray(row * spec.outputs, (row + 1) * spec.outputs);
      confusion[labels[row]][scores.indexOf(Math.max(...scores))]++;
    }
    await setImmediate();
    signal.throwIfAborted();
  }
  const correctCount = confusion.reduce((sum, counts, label) => sum + counts[label], 0);
  return { loss: lossTotal / set.count, accuracy: correctCount / set.count, confusion };
}
