import { createAugmentation } from '../data/augmentation.ts';
import type { ExampleSet } from '../data/dataset.ts';
import type { Engine } from '../engine/engine.ts';
import { sizeOfShape } from '../engine/layers/layer-plan.ts';
import type { RunConfig } from './run-config.ts';

/** Examples, one per row, as the input of a model. */
export interface ModelInput {
  /** [rowsMax, inputs]: features as they are, bytes of images / 255. Set by `scale`. */
  readonly x: Float32Array;
  /** [rowsMax], the index of each row's class, or its standardized target. */
  readonly labels: Float32Array;
  /** Copies the examples [first, first + rows) of a set to the first rows of `x` and `labels`. */
  take(set: ExampleSet, first: number, rows: number): void;
}

/** A block of examples of any places in their set. */
export interface ExampleBlock extends Omit<ModelInput, 'take'> {
  /** [rowsMax], the index of each row's example in its set. */
  readonly examples: Uint32Array;
  /** Copies examples to the rows from `firstRow` on. Augments images if `epoch` is given. */
  gather(set: ExampleSet, indices: Uint32Array, firstRow: number, epoch?: number): void;
  /** Sets the first `rows` rows of `x` from the bytes of the images. Features are there already. */
  scale(rows: number): void;
}

/** Room for `rowsMax` examples of `inputs` values each. */
export function createModelInput(engine: Engine, inputs: number, rowsMax: number): ModelInput {
  const x = engine.allocate(rowsMax * inputs);
  const labels = engine.allocate(rowsMax);
  let bytes: Uint8Array | undefined;
  return {
    x,
    labels,
    take(set, first, rows) {
      labels.set(set.labels.subarray(first, first + rows));
      const values = set.inputs.subarray(first * inputs, (first + rows) * inputs);
      if (values instanceof Float32Array) return x.set(values);
      bytes ??= engine.allocateBytes(x.length);
      bytes.set(values);
      engine.kernels.scaleBytes(bytes, x, values.length);
    },
  };
}

export function createExampleBlock(
  engine: Engine,
  { model, augmentation, seed }: RunConfig,
  rowsMax: number,
): ExampleBlock {
  const inputs = sizeOfShape(model.input);
  const augment = createAugmentation(augmentation, model.input, seed);
  const { x, labels } = createModelInput(engine, inputs, rowsMax);
  const examples = new Uint32Array(rowsMax);
  let bytes: Uint8Array | undefined;
  let isBytes = true;

  function copyInput(set: ExampleSet, index: number, row: number, epoch: number | undefined): void {
    const values = set.inputs.subarray(index * inputs, (index + 1) * inputs);
    isBytes = values instanceof Uint8Array;
    if (!(values instanceof Uint8Array)) return x.set(values, row * inputs);
    bytes ??= engine.allocateBytes(x.length);
    const target = bytes.subarray(row * inputs, (row + 1) * inputs);
    if (augment && epoch !== undefined) augment(values, target, epoch, index);
    else target.set(values);
  }

  return {
    x,
    labels,
    examples,
    gather(set, indices, firstRow, epoch) {
      for (const [i, index] of indices.entries()) {
        const row = firstRow + i;
        copyInput(set, index, row, epoch);
        labels[row] = set.labels[index];
        examples[row] = index;
      }
    },
    scale(rows) {
      if (bytes && isBytes) engine.kernels.scaleBytes(bytes, x, rows * inputs);
    },
  };
}
