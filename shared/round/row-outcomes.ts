import type { ExampleSet, Labels } from '../data/dataset.ts';
import type { Engine } from '../engine/engine.ts';
import { createModel } from '../engine/model/model.ts';
import { type ModelPlan, measureLength, predictsNumber } from '../engine/model/model-plan.ts';
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
 * and rounded as the run's wire format rounds them. Yields after each batch of examples.
 */
export function* computeOutcomes(
  engine: Engine,
  config: RunConfig,
  plan: ModelPlan,
  parameters: Float32Array,
  set: ExampleSet,
): Generator<undefined, RowOutcomes> {
  const model = createModel(engine, plan, config, OUTCOME_ROWS);
  const { inputCount: inputs, classCount: classes } = plan;
  const { x, labels, take } = createModelInput(engine, inputs, OUTCOME_ROWS);
  const losses = new Float32Array(set.count);
  const isNumber = predictsNumber(plan);
  const length = measureLength(plan);
  const predictions = new (isNumber ? Float32Array : Int32Array)(set.count);
  for (let start = 0; start < set.count; start += OUTCOME_ROWS) {
    const rows = Math.min(OUTCOME_ROWS, set.count - start);
    take(set, start, rows);
    const leafSizes = Uint32Array.of(rows);
    const batch = { leafSizes, rows, training: undefined };
    const measures = model.evaluate(parameters, x, labels, batch);
    for (let row = 0; row < rows; row++) {
      losses[start + row] = measures[row * length];
      const scores = model.logits.subarray(row * classes, (row + 1) * classes);
      predictions[start + row] = isNumber ? scores[0] : scores.indexOf(Math.max(...scores));
    }
    yield;
  }
  return { losses, predictions };
}
