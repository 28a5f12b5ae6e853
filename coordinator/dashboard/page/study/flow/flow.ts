import type { ModelPlan } from '../../../../../shared/engine/model/model-plan.ts';
import {
  differenceNorms,
  layerNorms,
  tensorNorms,
  trainedLayers,
} from '../../../../../shared/study/tensor-norms.ts';
import type { LayerSample } from '../../../../study/study-answer.ts';

/** How a layer learns, in some samples, oldest first. */
export interface FlowRow {
  readonly name: string;
  /** Whether it is a dense layer or a convolution. */
  readonly hasWeights: boolean;
  /** ‖∂L/∂w‖, where w is all that the layer learns. */
  readonly gradients: readonly number[];
  /** ‖Δw‖ / ‖w‖. */
  readonly updates: readonly number[];
}

/** The rows of measured steps, from the last layer to the first. */
export function flowOfSamples(plan: ModelPlan, samples: readonly LayerSample[]): FlowRow[] {
  const perSample = samples.map(({ gradientNorms, updateNorms, parameterNorms }) => {
    const [gradients, updates, lengths] = [gradientNorms, updateNorms, parameterNorms].map(
      (norms) => layerNorms(plan, norms),
    );
    return { gradients, updates: updates.map((norm, layer) => norm / lengths[layer]) };
  });
  return rowsOf(plan, (layer) => ({
    gradients: perSample.map(({ gradients }) => gradients[layer]),
    updates: perSample.map(({ updates }) => updates[layer]),
  }));
}

/** The rows of what the page has computed. Without `before`, the updates are unknown. */
export function flowOfCheckpoints(
  plan: ModelPlan,
  gradients: readonly number[],
  after: Float32Array | undefined,
  before: Float32Array | undefined,
): FlowRow[] {
  const changes = after && before && layerNorms(plan, differenceNorms(plan, after, before));
  const lengths = before && layerNorms(plan, tensorNorms(plan, before));
  return rowsOf(plan, (layer) => ({
    gradients: [gradients[layer]],
    updates: changes && lengths ? [changes[layer] / lengths[layer]] : [],
  }));
}

function rowsOf(
  plan: ModelPlan,
  valuesOf: (layer: number) => Pick<FlowRow, 'gradients' | 'updates'>,
): FlowRow[] {
  return trainedLayers(plan)
    .map(({ name, spec }, layer) => ({
      name,
      hasWeights: spec.type !== 'batch-norm',
      ...valuesOf(layer),
    }))
    .reverse();
}
