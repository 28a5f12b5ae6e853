import { randomKey, uniform } from '../random.ts';
import { viewOf } from './layer.ts';
import { type ModelSpec, parameterCount, tensorLayouts } from './model-spec.ts';

export const INITIALISATIONS = ['he', 'glorot'] as const;
export type Initialisation = (typeof INITIALISATIONS)[number];

/**
 * The parameters [parameterCount] before the first step: weights uniform in ±limit, biases zero. Each weight is a
 * function of (seed, tensor, index) alone.
 *
 * - `he`: limit √(6 / inputs), for ReLU and its like (K. He et al., "Delving deep into rectifiers", 2015)
 * - `glorot`: limit √(6 / (inputs + outputs)), for sigmoid and tanh (X. Glorot, Y. Bengio, "Understanding the
 *   difficulty of training deep feedforward neural networks", 2010)
 */
export function initialParameters(
  spec: ModelSpec,
  initialisation: Initialisation,
  seed: number,
): Float32Array {
  const parameters = new Float32Array(parameterCount(spec));
  tensorLayouts(spec).forEach((tensor, index) => {
    const values = viewOf(parameters, tensor);
    if (typeof tensor.initial === 'number') {
      values.fill(tensor.initial);
      return;
    }
    const { fanIn, fanOut } = tensor.initial;
    const limit = Math.sqrt(6 / (initialisation === 'he' ? fanIn : fanIn + fanOut));
    const key = randomKey(seed, 'initialisation', index);
    for (let i = 0; i < values.length; i++) values[i] = (2 * uniform(key, i) - 1) * limit;
  });
  return parameters;
}
