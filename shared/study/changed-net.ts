import { type TensorLayout, viewOf } from '../engine/layers/layer.ts';
import type { ModelPlan } from '../engine/model/model-plan.ts';
import { randomKey, uniform } from '../random.ts';

/** What is done to a copy of a net's parameters, to see what they are good for. */
export type NetChange =
  /** All weights and biases of a layer become 0. */
  | { readonly kind: 'no-layer'; readonly layer: string }
  /** Those of one unit, or of one filter, become 0. */
  | { readonly kind: 'no-unit'; readonly layer: string; readonly unit: number }
  /** All biases become 0, and all shifts of batch normalization. */
  | { readonly kind: 'no-biases' }
  /**
   * Uniform noise is added to each weight. Its standard deviation is `part` times that of the
   * layer's weights.
   */
  | { readonly kind: 'noise'; readonly part: number; readonly seed: number };

/** A copy of the parameters [parameterCount] with this change. */
export function changedParameters(
  plan: ModelPlan,
  parameters: Float32Array,
  change: NetChange,
): Float32Array {
  const changed = parameters.slice();
  for (const [index, tensor] of plan.tensors.entries()) {
    const values = viewOf(changed, tensor);
    switch (change.kind) {
      case 'no-layer':
        if (isOf(tensor, change.layer)) values.fill(0);
        break;
      case 'no-unit':
        if (isOf(tensor, change.layer)) clearUnit(values, tensor, change.unit);
        break;
      case 'no-biases':
        if (/\.(bias|shift)$/.test(tensor.name)) values.fill(0);
        break;
      case 'noise':
        if (isWeight(tensor)) addNoise(values, change, index);
    }
  }
  return changed;
}

/** The layers that have parameters, with their numbers of units or filters. */
export function layersWithUnits({ layers }: ModelPlan): { name: string; units: number }[] {
  return layers
    .filter(({ tensors }) => tensors.length > 0)
    .map(({ name, output }) => ({ name, units: output.channels }));
}

const isOf = ({ name, isAverage }: TensorLayout, layer: string): boolean =>
  !isAverage && name.startsWith(`${layer}.`);

/** Weights are drawn before the first step; everything else begins with one number. */
const isWeight = ({ initial }: TensorLayout): boolean => typeof initial !== 'number';

/** The last extent of each tensor counts units. */
function clearUnit(values: Float32Array, { shape }: TensorLayout, unit: number): void {
  const units = shape[shape.length - 1];
  for (let i = unit; i < values.length; i += units) values[i] = 0;
}

function addNoise(
  values: Float32Array,
  { part, seed }: Extract<NetChange, { kind: 'noise' }>,
  tensor: number,
): void {
  // A uniform number in ±limit has the standard deviation limit / √3.
  const limit = part * deviationOf(values) * Math.sqrt(3);
  const key = randomKey(seed, 'noise', tensor);
  for (let i = 0; i < values.length; i++) values[i] += (2 * uniform(key, i) - 1) * limit;
}

/** The standard deviation of some values. */
function deviationOf(values: Float32Array): number {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length);
}
