import type { ExampleSet, Labels } from '../data/dataset.ts';
import { isRegression } from '../data/target.ts';
import type { Engine } from '../engine/engine.ts';
import type { Shape } from '../engine/layers/layer-plan.ts';
import { createModel, LOSS_AND_CORRECT_LENGTH, lossKernelOf } from '../engine/model/model.ts';
import type { ModelPlan } from '../engine/model/model-plan.ts';
import { createModelInput } from './example-block.ts';
import type { RunConfig } from './run-config.ts';

/** What a model makes of each example of a set. */
export interface RowOutcomes {
  /** [count] */
  readonly losses: Float32Array;
  /**
   * [count], each the class with the highest score, or the first one of several. For regression the
   * output.
   */
  readonly predictions: Labels;
}

/** Parts of a set begin at multiples of this. */
export const OUTCOME_ROWS = 250;

/**
 * Computes what a model makes of a set, in evaluation. `parameters` are in the memory of `engine`,
 * and rounded as the run's wire format rounds them. With `isFlipped`, the outputs for an image are
 * the mean of those for the image and for its mirror image. Yields after each batch of examples.
 */
export function* computeOutcomes(
  engine: Engine,
  config: RunConfig,
  plan: ModelPlan,
  parameters: Float32Array,
  set: ExampleSet,
  isFlipped = false,
): Generator<undefined, RowOutcomes> {
  const model = createModel(engine, plan, config, OUTCOME_ROWS);
  const lossKernel = lossKernelOf(engine.kernels, config.loss);
  const [means, unused] = [0, 1].map(() => engine.allocate(OUTCOME_ROWS * plan.classCount));
  const { inputCount: inputs, classCount: classes } = plan;
  const { x, labels, take } = createModelInput(engine, inputs, OUTCOME_ROWS);
  const losses = new Float32Array(set.count);
  const isNumber = isRegression(config.dataset);
  const predictions = new (isNumber ? Float32Array : Int32Array)(set.count);
  for (let start = 0; start < set.count; start += OUTCOME_ROWS) {
    const rows = Math.min(OUTCOME_ROWS, set.count - start);
    take(set, start, rows);
    const leafSizes = Uint32Array.of(rows);
    const batch = { leafSizes, rows, training: undefined };
    const lossAndCorrect = model.evaluate(parameters, x, labels, batch);
    if (isFlipped) {
      means.set(model.logits.subarray(0, rows * classes));
      mirrorRows(x, config.model.input, rows);
      model.evaluate(parameters, x, labels, batch);
      for (let i = 0; i < rows * classes; i++)
        means[i] = Math.fround(means[i] + model.logits[i]) / 2;
      lossKernel(means, labels, unused, lossAndCorrect, rows, classes, 0);
    }
    const logits = isFlipped ? means : model.logits;
    for (let row = 0; row < rows; row++) {
      losses[start + row] = lossAndCorrect[row * LOSS_AND_CORRECT_LENGTH];
      const scores = logits.subarray(row * classes, (row + 1) * classes);
      predictions[start + row] = isNumber ? scores[0] : scores.indexOf(Math.max(...scores));
    }
    yield;
  }
  return { losses, predictions };
}

/** In place: mirrors images [rows, height, width, channels], left to right. */
function mirrorRows(images: Float32Array, { height, width, channels }: Shape, rows: number): void {
  const line = width * channels;
  for (let start = 0; start < rows * height * line; start += line) {
    const before = images.slice(start, start + line);
    for (let column = 0; column < width; column++) {
      const from = (width - 1 - column) * channels;
      images.set(before.subarray(from, from + channels), start + column * channels);
    }
  }
}
