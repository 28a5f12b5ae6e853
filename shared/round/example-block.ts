import { createAugmentation } from '../data/augmentation.ts';
import type { ExampleSet } from '../data/dataset.ts';
import type { Engine } from '../engine/engine.ts';
import { sizeOfShape } from '../engine/layers/layer-plan.ts';
import type { RunConfig } from './run-config.ts';

/** A block of examples, one per row, as the input of a model. */
export interface ExampleBlock {
  /** [rowsMax, inputs], values in [0, 1]. Set by `scale`. */
  readonly x: Float32Array;
  /** [rowsMax] */
  readonly labels: Uint8Array;
  /** [rowsMax], the index of each row's example in its set. */
  readonly examples: Uint32Array;
  /** Copies examples to the rows from `firstRow` on. Augments the images if `epoch` is given. */
  gather(set: ExampleSet, indices: Uint32Array, firstRow: number, epoch?: number): void;
  /** Sets the first `rows` rows of `x` from the bytes of the images. */
  scale(rows: number): void;
}

export function createExampleBlock(
  engine: Engine,
  { model, augmentation, seed }: RunConfig,
  rowsMax: number,
): ExampleBlock {
  const { height, width } = model.input;
  const inputs = sizeOfShape(model.input);
  const augment = createAugmentation(augmentation, [height, width], seed);
  const bytes = engine.allocateBytes(rowsMax * inputs);
  const labels = engine.allocateBytes(rowsMax);
  const x = engine.allocate(rowsMax * inputs);
  const examples = new Uint32Array(rowsMax);
  return {
    x,
    labels,
    examples,
    gather(set, indices, firstRow, epoch) {
      for (const [i, index] of indices.entries()) {
        const row = firstRow + i;
        const image = set.pixels.subarray(index * inputs, (index + 1) * inputs);
        const target = bytes.subarray(row * inputs, (row + 1) * inputs);
        if (augment && epoch !== undefined) augment(image, target, epoch, index);
        else target.set(image);
        labels[row] = set.labels[index];
        examples[row] = index;
      }
    },
    scale: (rows) => engine.kernels.scaleBytes(bytes, x, rows * inputs),
  };
}
