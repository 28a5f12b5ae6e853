import { assert } from '../../shared/assert.ts';
import type { Engine } from '../../shared/engine/engine.ts';
import { createModel } from '../../shared/engine/model/model.ts';
import type { ModelPlan } from '../../shared/engine/model/model-plan.ts';
import type { RunConfig } from '../../shared/round/run-config.ts';

/** What a model says about one example. */
export interface Prediction {
  /** [classes], the outputs of the last layer. */
  readonly logits: readonly number[];
  /**
   * [classes]. With cross-entropy, the softmax of the logits. With squared error, the logits
   * themselves, limited to 0 … 1; they need not add up to 1.
   */
  readonly probabilities: readonly number[];
}

/** Predicts with the parameters that it was given last. */
export interface Predictor {
  /** Copies parameters [parameterCount], and rounds them as in training. */
  setParameters(parameters: Float32Array): void;
  /** Takes images [rows, height, width, channels] of bytes, or features [rows, inputs]. */
  predict(inputs: Uint8Array | Float32Array): Prediction[];
}

/** Examples go through the model in batches of at most `rowsMax`, for which there is memory. */
export function createPredictor(
  engine: Engine,
  config: RunConfig,
  plan: ModelPlan,
  rowsMax: number,
): Predictor {
  const { inputCount: inputs, classCount: classes, parameterCount } = plan;
  const model = createModel(engine, plan, config, rowsMax);
  const own = engine.allocate(parameterCount);
  const bytes = engine.allocateBytes(rowsMax * inputs);
  const x = engine.allocate(rowsMax * inputs);
  // The model computes a loss too, so it wants labels. Any will do.
  const labels = engine.allocate(rowsMax);
  const probabilitiesOf = config.loss === 'cross-entropy' ? softmax : limited;

  function predictBatch(examples: Uint8Array | Float32Array): Prediction[] {
    const rows = examples.length / inputs;
    if (examples instanceof Float32Array) x.set(examples);
    else {
      bytes.set(examples);
      engine.kernels.scaleBytes(bytes, x, rows * inputs);
    }
    const batch = { leafSizes: Uint32Array.of(rows), rows, training: undefined };
    model.evaluate(own, x, labels, batch);
    return Array.from({ length: rows }, (_, row) => {
      const logits = [...model.logits.subarray(row * classes, (row + 1) * classes)];
      return { logits, probabilities: probabilitiesOf(logits) };
    });
  }

  return {
    setParameters(parameters) {
      own.set(parameters);
      if (config.wire === 'bf16') engine.kernels.roundToBfloat16(own);
    },
    predict(examples) {
      assert(examples.length % inputs === 0, 'whole examples');
      const predictions: Prediction[] = [];
      for (let at = 0; at < examples.length; at += rowsMax * inputs)
        predictions.push(...predictBatch(examples.subarray(at, at + rowsMax * inputs)));
      return predictions;
    },
  };
}

function softmax(logits: readonly number[]): number[] {
  const max = Math.max(...logits);
  const powers = logits.map((logit) => Math.exp(logit - max));
  const sum = powers.reduce((total, power) => total + power, 0);
  return powers.map((power) => power / sum);
}

const limited = (outputs: readonly number[]): number[] =>
  outputs.map((output) => Math.min(1, Math.max(0, output)));
