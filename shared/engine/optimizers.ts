import * as z from 'zod';
import type { Engine } from './engine.ts';
import type { Update } from './kernels.ts';

const rate = z.number().nonnegative().lt(1);

export const OptimizerSpec = z.discriminatedUnion('name', [
  z.strictObject({ name: z.literal('sgd') }),
  z.strictObject({ name: z.literal('momentum'), momentum: rate }),
  z.strictObject({ name: z.literal('nesterov'), momentum: rate }),
  z.strictObject({ name: z.literal('adam'), beta1: rate, beta2: rate, epsilon: z.number().positive() }),
]);
export type OptimizerSpec = z.infer<typeof OptimizerSpec>;

export const OPTIMIZERS = ['sgd', 'momentum', 'nesterov', 'adam'] as const satisfies OptimizerSpec['name'][];

/** One update rule with its state; each update is a function of its arguments and the state. */
export interface Optimizer {
  /** The state's tensors by name, each as long as the parameters; they are the state itself, not copies. */
  readonly state: Readonly<Record<string, Float32Array>>;
  /** In place: one update of the parameters. `step` counts from 0. */
  update(update: Update, step: number): void;
}

export function createOptimizer(engine: Engine, spec: OptimizerSpec, parameterCount: number): Optimizer {
  const { kernels } = engine;
  switch (spec.name) {
    case 'sgd':
      return { state: {}, update: kernels.updateSgd };

    // I. Sutskever et al., "On the importance of initialization and momentum in deep learning", 2013, in the form
    // where the rate multiplies the velocity (as in PyTorch).
    case 'momentum':
    case 'nesterov': {
      const velocity = engine.allocate(parameterCount);
      const { momentum, name } = spec;
      return {
        state: { velocity },
        update: (update) => kernels.updateMomentum(update, velocity, momentum, name === 'nesterov'),
      };
    }

    // D. Kingma, J. Ba, "Adam: a method for stochastic optimization", 2015, algorithm 1.
    case 'adam': {
      const firstMoment = engine.allocate(parameterCount);
      const secondMoment = engine.allocate(parameterCount);
      const { beta1, beta2, epsilon } = spec;
      return {
        state: { firstMoment, secondMoment },
        update(update, step) {
          const rate = update.rate / (1 - integerPower(beta1, step + 1));
          const rootCorrection = Math.sqrt(1 - integerPower(beta2, step + 1));
          const settings = { beta1, beta2, epsilon, rootCorrection };
          kernels.updateAdam({ ...update, rate }, firstMoment, secondMoment, settings);
        },
      };
    }
  }
}

/** The names of an optimizer's state tensors. */
export const STATE_NAMES: Record<OptimizerSpec['name'], readonly string[]> = {
  sgd: [],
  momentum: ['velocity'],
  nesterov: ['velocity'],
  adam: ['firstMoment', 'secondMoment'],
};

/** baseⁿ in f64 by repeated squaring; `Math.pow` may differ between engines. */
function integerPower(base: number, exponent: number): number {
  let result = 1;
  for (let square = base, n = exponent; n > 0; n = Math.floor(n / 2), square *= square) {
    if (n % 2 === 1) result *= square;
  }
  return result;
}
