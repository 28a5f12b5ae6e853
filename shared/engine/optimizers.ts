import * as z from 'zod';

const rate = z.number().nonnegative().lt(1);

export const OptimizerSpec = z.discriminatedUnion('name', [
  z.strictObject({ name: z.literal('sgd') }),
  z.strictObject({ name: z.literal('momentum'), momentum: rate }),
  z.strictObject({ name: z.literal('nesterov'), momentum: rate }),
  z.strictObject({ name: z.literal('adam'), beta1: rate, beta2: rate, epsilon: z.number().positive() }),
]);
export type OptimizerSpec = z.infer<typeof OptimizerSpec>;

export const OPTIMIZERS = ['sgd', 'momentum', 'nesterov', 'adam'] as const satisfies OptimizerSpec['name'][];

/** One update rule with its state; every value is f32 and each update a function of its arguments and state. */
export interface Optimizer {
  /** The state's tensors by name, each as long as the parameters; they are the state itself, not copies. */
  readonly state: Readonly<Record<string, Float32Array>>;
  /**
   * In place: one update of parameters [n] by the mean gradient = gradientSum [n] / exampleCount.
   * `step` counts from 0.
   */
  update(
    parameters: Float32Array,
    gradientSum: Float32Array,
    exampleCount: number,
    learningRate: number,
    step: number,
  ): void;
}

const f32 = Math.fround;

export function createOptimizer(spec: OptimizerSpec, parameterCount: number): Optimizer {
  switch (spec.name) {
    case 'sgd':
      return createSgd();
    case 'momentum':
      return createMomentum(spec.momentum, parameterCount, false);
    case 'nesterov':
      return createMomentum(spec.momentum, parameterCount, true);
    case 'adam':
      return createAdam(spec.beta1, spec.beta2, spec.epsilon, parameterCount);
  }
}

/** p ← p - rate·g */
function createSgd(): Optimizer {
  return {
    state: {},
    update(parameters, gradientSum, exampleCount, learningRate) {
      const rate = f32(learningRate);
      for (let i = 0; i < parameters.length; i++) {
        const gradient = f32(gradientSum[i] / exampleCount);
        parameters[i] -= f32(rate * gradient);
      }
    },
  };
}

/**
 * v ← μ·v + g, then p ← p - rate·v, or with Nesterov's look-ahead p ← p - rate·(g + μ·v).
 * I. Sutskever et al., "On the importance of initialization and momentum in deep learning", 2013, in the form
 * where the rate multiplies the velocity (as in PyTorch).
 */
function createMomentum(momentum: number, parameterCount: number, isNesterov: boolean): Optimizer {
  const mu = f32(momentum);
  const velocity = new Float32Array(parameterCount);
  return {
    state: { velocity },
    update(parameters, gradientSum, exampleCount, learningRate) {
      const rate = f32(learningRate);
      for (let i = 0; i < parameters.length; i++) {
        const gradient = f32(gradientSum[i] / exampleCount);
        const v = f32(f32(mu * velocity[i]) + gradient);
        velocity[i] = v;
        parameters[i] -= f32(rate * (isNesterov ? f32(gradient + f32(mu * v)) : v));
      }
    },
  };
}

/**
 * m ← β₁·m + (1-β₁)·g, v ← β₂·v + (1-β₂)·g², p ← p - rate · m̂ / (√v̂ + ε) with bias-corrected m̂, v̂.
 * D. Kingma, J. Ba, "Adam: a method for stochastic optimization", 2015, algorithm 1.
 */
function createAdam(beta1: number, beta2: number, epsilon: number, parameterCount: number): Optimizer {
  const firstMoment = new Float32Array(parameterCount);
  const secondMoment = new Float32Array(parameterCount);
  const [b1, b2, eps] = [f32(beta1), f32(beta2), f32(epsilon)];
  const [complement1, complement2] = [f32(1 - beta1), f32(1 - beta2)];
  return {
    state: { firstMoment, secondMoment },
    update(parameters, gradientSum, exampleCount, learningRate, step) {
      const rate = f32(learningRate / (1 - integerPower(beta1, step + 1)));
      const rootCorrection = f32(Math.sqrt(1 - integerPower(beta2, step + 1)));
      for (let i = 0; i < parameters.length; i++) {
        const gradient = f32(gradientSum[i] / exampleCount);
        const m = f32(f32(b1 * firstMoment[i]) + f32(complement1 * gradient));
        const v = f32(f32(b2 * secondMoment[i]) + f32(complement2 * f32(gradient * gradient)));
        firstMoment[i] = m;
        secondMoment[i] = v;
        parameters[i] -= f32(rate * f32(m / f32(f32(f32(Math.sqrt(v)) / rootCorrection) + eps)));
      }
    },
  };
}

/** baseⁿ in f64 by repeated squaring; `Math.pow` may differ between engines. */
function integerPower(base: number, exponent: number): number {
  let result = 1;
  for (let square = base, n = exponent; n > 0; n = Math.floor(n / 2), square *= square) {
    if (n % 2 === 1) result *= square;
  }
  return result;
}
