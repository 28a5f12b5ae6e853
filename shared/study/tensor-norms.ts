import { sizeOf, type TensorLayout } from '../engine/layers/layer.ts';
import type { PlannedLayer } from '../engine/layers/layer-plan.ts';
import type { ModelPlan } from '../engine/model/model-plan.ts';

/** The tensors that the optimizer trains, in the order of the flat buffer. */
export const trainedTensors = ({ tensors }: Pick<ModelPlan, 'tensors'>): readonly TensorLayout[] =>
  tensors.filter(({ isAverage }) => !isAverage);

/** The Euclidean norm, in f64, of each trained tensor's part of a flat buffer. */
export function tensorNorms(plan: Pick<ModelPlan, 'tensors'>, values: Float32Array): number[] {
  return trainedTensors(plan).map(({ offset, shape }) => {
    let sum = 0;
    for (let i = offset, end = offset + sizeOf(shape); i < end; i++) sum += values[i] * values[i];
    return Math.sqrt(sum);
  });
}

/** The same of the difference of two flat buffers. */
export function differenceNorms(
  plan: Pick<ModelPlan, 'tensors'>,
  after: Float32Array,
  before: Float32Array,
): number[] {
  return trainedTensors(plan).map(({ offset, shape }) => {
    let sum = 0;
    for (let i = offset, end = offset + sizeOf(shape); i < end; i++)
      sum += (after[i] - before[i]) ** 2;
    return Math.sqrt(sum);
  });
}

/** The layers with trained tensors, from the first to the last. */
export const trainedLayers = ({ layers }: Pick<ModelPlan, 'layers'>): readonly PlannedLayer[] =>
  layers.filter(({ tensors }) => tensors.some(({ isAverage }) => !isAverage));

/**
 * The norm of each of `trainedLayers`, all of its tensors together, from the norms of the trained
 * tensors.
 */
export function layerNorms(plan: ModelPlan, norms: readonly number[]): number[] {
  const places = new Map(trainedTensors(plan).map(({ name }, index) => [name, index]));
  return trainedLayers(plan).map(({ tensors }) => {
    const own = tensors.flatMap(({ name }) => places.get(name) ?? []);
    return Math.sqrt(own.reduce((sum, index) => sum + norms[index] ** 2, 0));
  });
}
