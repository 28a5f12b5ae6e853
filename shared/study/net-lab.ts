import type { ExampleSet } from '../data/dataset.ts';
import type { Engine } from '../engine/engine.ts';
import { sizeOfShape } from '../engine/layers/layer-plan.ts';
import { createModel, type Model } from '../engine/model/model.ts';
import { type ModelPlan, measureLength, predictsNumber } from '../engine/model/model-plan.ts';
import { createModelInput } from '../round/example-block.ts';
import type { RunConfig } from '../round/run-config.ts';
import type { ExampleStudy, LayerStudy } from './example-study.ts';
import type { SetStudy } from './set-study.ts';
import { createSlopes, type SlopesOf } from './slopes.ts';

/**
 * Studies a net: computes with given parameters what a run would compute, to the bit, and keeps
 * what people want to see of it. It runs in a browser and in Node.
 */
export interface NetLab {
  readonly plan: ModelPlan;
  /** Copies the parameters [parameterCount] that the next studies are made with. */
  load(parameters: Float32Array): void;
  /** The parameters that it computes with, rounded as the wire rounds them. A buffer of the lab. */
  readonly parameters: Float32Array;
  /** Studies one example: bytes of an image, or features [inputs]. */
  studyExample(inputs: ExampleSet['inputs'], label: number): ExampleStudy;
  /**
   * Evaluates each example of a set. `look` sees the model after each batch, with the index of the
   * batch's first example.
   */
  studySet(set: ExampleSet, look?: (model: Model, first: number, rows: number) => void): SetStudy;
  /**
   * The gradient of the mean loss over a set [parameterCount], as an evaluation computes the loss:
   * without dropout, and with the running averages of batch normalization.
   */
  meanGradient(set: ExampleSet): Float32Array;
}

/** The most rows that are computed together. This changes the speed, not the bits. */
const ROWS_MAX = 250;
/** The outputs of all layers for these rows take so many values at most, and their δ as many. */
const VALUES_MAX = 2 ** 22;

/** The rows that are computed together. An image has many outputs per layer, so it gets fewer. */
function rowsFor({ layers, inputCount }: ModelPlan): number {
  const values = layers.reduce((sum, { output }) => sum + sizeOfShape(output), inputCount);
  return Math.max(1, Math.min(ROWS_MAX, Math.floor(VALUES_MAX / values)));
}

/** `config` is that of the run: its loss and its wire format matter. */
export function createNetLab(
  engine: Engine,
  plan: ModelPlan,
  config: Pick<RunConfig, 'loss' | 'wire' | 'seed'>,
): NetLab {
  const { kernels } = engine;
  const { inputCount: inputs, classCount: classes, parameterCount } = plan;
  const isNumber = predictsNumber(plan);
  // The reported loss of an evaluation is the plain one.
  const options = { loss: config.loss, labelSmoothing: 0, seed: config.seed };
  const parameters = engine.allocate(parameterCount);
  const gradient = engine.allocate(parameterCount);
  const rowsAtOnce = rowsFor(plan);
  const { x, labels, take } = createModelInput(engine, inputs, rowsAtOnce);
  const [one, many] = [1, rowsAtOnce].map((rows) => createModel(engine, plan, options, rows));
  const slopesOf = createSlopes(engine, plan);

  return {
    plan,
    parameters,
    load(values) {
      parameters.set(values);
      if (config.wire === 'bf16') kernels.roundToBfloat16(parameters);
    },
    studyExample(values, label) {
      take({ count: 1, inputs: values, labels: Float32Array.of(label) }, 0, 1);
      const [loss] = one.differentiate(parameters, x, labels, batchOf(1), gradient);
      const logits = one.logits.slice(0, classes);
      const targets = new Float32Array(classes);
      if (isNumber) targets[0] = label;
      else targets[label] = 1;
      return {
        pixels: x.slice(0, inputs),
        label,
        loss,
        logits,
        targets,
        prediction: isNumber ? logits[0] : largestOf(logits),
        outputs: isNumber
          ? logits.slice()
          : targets.map((target, i) => target + one.logitDeltas[i]),
        layers: layersOf(one, slopesOf, x, parameters),
        gradient: gradient.slice(),
      };
    },
    studySet(set, look) {
      const predictions = new Float32Array(set.count);
      const [losses, confidences] = [new Float32Array(set.count), new Float32Array(set.count)];
      for (let first = 0; first < set.count; first += rowsAtOnce) {
        const rows = Math.min(rowsAtOnce, set.count - first);
        take(set, first, rows);
        const measures = many.evaluate(parameters, x, labels, batchOf(rows));
        for (let row = 0; row < rows; row++) {
          const [from, to] = [row * classes, (row + 1) * classes];
          losses[first + row] = measures[row * measureLength(plan)];
          if (isNumber) {
            predictions[first + row] = many.logits[row];
            continue;
          }
          const prediction = largestOf(many.logits.subarray(from, to));
          const isRight = prediction === labels[row];
          predictions[first + row] = prediction;
          confidences[first + row] = many.logitDeltas[from + prediction] + (isRight ? 1 : 0);
        }
        look?.(many, first, rows);
      }
      return { labels: set.labels.slice(0, set.count), predictions, losses, confidences };
    },
    meanGradient: (set) =>
      meanOver(set.count, rowsAtOnce, gradient, (first, rows) => {
        take(set, first, rows);
        many.differentiate(parameters, x, labels, batchOf(rows), gradient);
      }),
  };
}

const batchOf = (rows: number) => ({
  leafSizes: Uint32Array.of(rows),
  rows,
  training: undefined,
});

/** The mean over `count` examples of the sums that `differentiate` writes to `gradient`. */
function meanOver(
  count: number,
  rowsAtOnce: number,
  gradient: Float32Array,
  differentiate: (first: number, rows: number) => void,
): Float32Array {
  const sum = new Float64Array(gradient.length);
  for (let first = 0; first < count; first += rowsAtOnce) {
    differentiate(first, Math.min(rowsAtOnce, count - first));
    for (let i = 0; i < sum.length; i++) sum[i] += gradient[i];
  }
  return Float32Array.from(sum, (value) => value / count);
}

/** The index of the largest value, or of the first of equally large ones; 0 if one is NaN. */
function largestOf(values: Float32Array): number {
  return Math.max(0, values.indexOf(Math.max(...values)));
}

/** Copies what one example has left in a model. `x` is its input. */
function layersOf(
  { outputs, deltas }: Model,
  slopesOf: SlopesOf,
  x: Float32Array,
  parameters: Float32Array,
): LayerStudy[] {
  return outputs.map((output, i) => {
    const { planned, values } = output;
    const size = sizeOfShape(planned.output);
    const input = i === 0 ? x : outputs[i - 1].values;
    return {
      planned,
      values: values.slice(0, size),
      deltas: deltas[i].values.slice(0, size),
      slopes: slopesOf(output, input, parameters),
    };
  });
}
