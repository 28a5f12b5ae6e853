import { sizeOf, type TensorLayout } from '../engine/layers/layer.ts';
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
