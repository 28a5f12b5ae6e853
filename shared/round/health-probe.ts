import type { Engine } from '../engine/engine.ts';
import { sizeOf, viewOf } from '../engine/layers/layer.ts';
import { createModel, type LayerOutput, type Model } from '../engine/model/model.ts';
import type { ModelPlan } from '../engine/model/model-plan.ts';
import { createExampleBlock } from './example-block.ts';
import type { RunConfig } from './run-config.ts';
import type { Workload } from './workload.ts';

/** How well a model can learn, measured on some examples of one step. */
export interface ModelHealth {
  /** For each activation, the part of its units that give one value for all these examples. */
  readonly activations: readonly { readonly name: string; readonly constantPart: number }[];
  /** For each weight tensor, the root mean square of its gradient. */
  readonly gradients: readonly { readonly name: string; readonly rms: number }[];
  /** The class that the model says for all these examples; undefined if it says several. */
  readonly onlyClass?: number | undefined;
  /** The number of examples that were looked at. */
  readonly exampleCount: number;
  /** The number of these examples whose label is among the less likely half of the classes. */
  readonly unlikelyLabelCount: number;
}

/** The number of examples that are looked at, unless a step has fewer. */
export const PROBE_EXAMPLES = 128;
/** Outputs that differ by less carry nothing to the next layer. */
const SPREAD_MIN = 1e-3;

export interface HealthProbe {
  /**
   * Measures the model with these parameters, which it copies first, on the micro-batches of
   * `step`. Yields between two micro-batches, so that the caller can let others have a turn.
   */
  measure(parameters: Float32Array, step: number): Generator<undefined, ModelHealth>;
}

/** Creates a probe that computes in `engine`, apart from training. */
export function createHealthProbe(
  engine: Engine,
  config: RunConfig,
  workload: Workload,
): HealthProbe {
  const { model: plan, microBatchSizeMax: rowsMax } = workload;
  const [parameters, gradient, sum] = [0, 1, 2].map(() => engine.allocate(plan.parameterCount));
  const model = createModel(engine, plan, config, rowsMax);
  const { x, labels, examples, gather, scale } = createExampleBlock(engine, config, rowsMax);

  function differentiateLeaf(step: number, leaf: number): number {
    const epoch = Math.floor(step / workload.stepsPerEpoch);
    const { set, indices } = workload.examples({ kind: 'train', step }, leaf);
    const rows = indices.length;
    gather(set, indices, 0, epoch);
    scale(rows);
    const batch = { leafSizes: Uint32Array.of(rows), rows, training: { epoch, examples } };
    model.differentiate(parameters, x, labels, batch, gradient);
    engine.kernels.addInto(sum, gradient);
    return rows;
  }

  return {
    *measure(values, step) {
      parameters.set(values);
      sum.fill(0);
      const spreads = createSpreads();
      const said = new Set<number>();
      let [count, unlikelyLabelCount] = [0, 0];
      for (let leaf = 0; leaf < config.microBatchCount && count < PROBE_EXAMPLES; leaf++) {
        const rows = differentiateLeaf(step, leaf);
        spreads.add(model.outputs, rows);
        for (let row = 0; row < rows; row++) {
          const scores = scoresOf(model, plan, row);
          said.add(scores.indexOf(Math.max(...scores)));
          if (isUnlikely(scores, labels[row])) unlikelyLabelCount++;
        }
        count += rows;
        yield;
      }
      const gradients = gradientsOf(engine, plan, sum, count);
      const [onlyClass] = said.size === 1 ? said : [];
      return {
        activations: spreads.constantParts(),
        gradients,
        onlyClass,
        exampleCount: count,
        unlikelyLabelCount,
      };
    },
  };
}

/** The logits of one row. */
const scoresOf = ({ logits }: Model, { classCount }: ModelPlan, row: number): Float32Array =>
  logits.subarray(row * classCount, (row + 1) * classCount);

/** Whether at least half of all classes are more likely. */
function isUnlikely(scores: Float32Array, label: number): boolean {
  const likelier = scores.filter((score) => score > scores[label]);
  return likelier.length >= scores.length / 2;
}

function gradientsOf({ kernels }: Engine, plan: ModelPlan, sum: Float32Array, count: number) {
  return plan.tensors
    .filter(({ initial }) => typeof initial !== 'number')
    .map((tensor) => {
      const length = sizeOf(tensor.shape);
      const [squares] = kernels.sumOfSquares(viewOf(sum, tensor), length);
      return { name: tensor.name, rms: Math.sqrt(squares / length) / count };
    });
}

/** The smallest and the largest output of each unit. In an image, a channel is a unit. */
function createSpreads() {
  const spreads = new Map<string, { min: Float32Array; max: Float32Array }>();
  return {
    add(outputs: readonly LayerOutput[], rows: number): void {
      for (const { planned, values } of outputs) {
        if (planned.spec.type !== 'activation') continue;
        const { height, width, channels } = planned.output;
        const spread = spreads.get(planned.name) ?? {
          min: new Float32Array(channels).fill(Number.POSITIVE_INFINITY),
          max: new Float32Array(channels).fill(Number.NEGATIVE_INFINITY),
        };
        spreads.set(planned.name, spread);
        const { min, max } = spread;
        for (let i = 0, end = rows * height * width * channels; i < end; i++) {
          const unit = i % channels;
          if (values[i] < min[unit]) min[unit] = values[i];
          if (values[i] > max[unit]) max[unit] = values[i];
        }
      }
    },
    constantParts: () =>
      [...spreads].map(([name, { min, max }]) => ({
        name,
        constantPart: min.filter((low, unit) => max[unit] - low < SPREAD_MIN).length / min.length,
      })),
  };
}
