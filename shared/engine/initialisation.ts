import { randomKey, uniform } from '../random.ts';
import { viewOf } from './layer.ts';
import { type ModelSpec, parameterCount, tensorLayouts } from './model.ts';

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
    if (tensor.shape.length === 1) return;
    const [inputs, outputs] = tensor.shape;
    const limit = Math.sqrt(6 / (initialisation === 'he' ? inputs : inputs + outputs));
    const key = randomKey(seed, 'initialisation', index);
    const weights = viewOf(parameters, tensor);
    for (let i = 0; i < weights.length; i++) weights[i] = (2 * uniform(key, i) - 1) * limit;
  });
  return parameters;
}
