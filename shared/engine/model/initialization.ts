import { randomKey, uniform } from '../../random.ts';
import { viewOf } from '../layers/layer.ts';
import type { ModelPlan } from './model-plan.ts';

export const INITIALIZATIONS = ['he', 'glorot'] as const;
export type Initialization = (typeof INITIALIZATIONS)[number];

/**
 * The parameters [parameterCount] before the first step. Weights are uniform in ±limit. Biases,
 * shifts and running means are 0. Scales and running variances are 1. A weight depends only on
 * (seed, tensor, index).
 *
 * - `he`: limit √(6 / inputs), for ReLU and similar functions (K. He et al., "Delving deep into
 *   rectifiers", 2015)
 * - `glorot`: limit √(6 / (inputs + outputs)), for sigmoid and tanh (X. Glorot, Y. Bengio,
 *   "Understanding the difficulty of training deep feedforward neural networks", 2010)
 */
export function initialParameters(
  plan: ModelPlan,
  initialization: Initialization,
  seed: number,
): Float32Array {
  const parameters = new Float32Array(plan.parameterCount);
  plan.tensors.forEach((tensor, index) => {
    const values = viewOf(parameters, tensor);
    if (typeof tensor.initial === 'number') {
      values.fill(tensor.initial);
      return;
    }
    const { fanIn, fanOut } = tensor.initial;
    const limit = Math.sqrt(6 / (initialization === 'he' ? fanIn : fanIn + fanOut));
    const key = randomKey(seed, 'initialization', index);
    for (let i = 0; i < values.length; i++) values[i] = (2 * uniform(key, i) - 1) * limit;
  });
  return parameters;
}

/**
 * The parameters before the first step of a model that begins with another one's. Tensors that both
 * have, with the same shape, are those of `other`. The rest are drawn as by `initialParameters`.
 */
export function adoptedParameters(
  plan: ModelPlan,
  other: { readonly model: ModelPlan; readonly parameters: Float32Array },
  initialization: Initialization,
  seed: number,
): Float32Array {
  const parameters = initialParameters(plan, initialization, seed);
  for (const tensor of plan.tensors) {
    const given = other.model.tensors.find(({ name }) => name === tensor.name);
    if (given?.shape.join() === tensor.shape.join())
      viewOf(parameters, tensor).set(viewOf(other.parameters, given));
  }
  return parameters;
}
