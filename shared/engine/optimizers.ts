import type { Engine } from './engine.ts';
import type { Update } from './kernels.ts';
import type { OptimizerSpec } from './optimizer-spec.ts';

/** One update rule with its state. An update depends only on its arguments and the state. */
export interface Optimizer {
  /**
   * The tensors of the state by name, each as long as the trained parameters, which are all except
   * the running averages. They are the state itself, not copies.
   */
  readonly state: Readonly<Record<string, Float32Array>>;
  /**
   * In place: one update of the parameters and the state. With `from`, `update` holds only the
   * parameters from that index on. `step` counts from 0.
   */
  update(update: Update, step: number, from?: number): void;
}

export function createOptimizer(
  engine: Engine,
  spec: OptimizerSpec,
  parameterCount: number,
): Optimizer {
  const { kernels } = engine;
  const allocate = () => engine.allocate(parameterCount);
  switch (spec.name) {
    case 'sgd':
      return { state: {}, update: (update) => kernels.updateSgd(update) };

    // I. Sutskever et al., "On the importance of initialization and momentum in deep learning",
    // 2013, in the form in which the rate multiplies the velocity (as in PyTorch).
    case 'momentum':
    case 'nesterov': {
      const velocity = allocate();
      const { momentum, name } = spec;
      return {
        state: { velocity },
        update: (update, _step, from) =>
          kernels.updateMomentum(
            update,
            partOf(velocity, update, from),
            momentum,
            name === 'nesterov',
          ),
      };
    }

    // adam: D. Kingma, J. Ba, "Adam: a method for stochastic optimization", 2015, algorithm 1.
    // adamw, with weight decay apart from the gradient: I. Loshchilov, F. Hutter, "Decoupled weight
    // decay regularization", 2019, algorithm 2.
    case 'adam':
    case 'adamw':
      return createAdam(engine, spec, parameterCount);

    // T. Tieleman, G. Hinton, "Lecture 6.5 - RMSProp", 2012.
    case 'rmsprop': {
      const squares = allocate();
      const { beta, epsilon } = spec;
      return {
        state: { squares },
        update: (update, _step, from) =>
          kernels.updateByRoot(update, partOf(squares, update, from), beta, epsilon),
      };
    }

    // J. Duchi, E. Hazan, Y. Singer, "Adaptive subgradient methods for online learning", 2011.
    case 'adagrad': {
      const squares = allocate();
      const { epsilon } = spec;
      return {
        state: { squares },
        update: (update, _step, from) =>
          kernels.updateByRoot(update, partOf(squares, update, from), 1, epsilon),
      };
    }
  }
}

function createAdam(
  engine: Engine,
  { name, beta1, beta2, epsilon }: Extract<OptimizerSpec, { name: 'adam' | 'adamw' }>,
  parameterCount: number,
): Optimizer {
  const firstMoment = engine.allocate(parameterCount);
  const secondMoment = engine.allocate(parameterCount);
  return {
    state: { firstMoment, secondMoment },
    update(update, step, from) {
      const isDecoupled = name === 'adamw';
      const keep = isDecoupled ? 1 - update.rate * update.weightDecay : 1;
      const weightDecay = isDecoupled ? 0 : update.weightDecay;
      const rate = update.rate / (1 - integerPower(beta1, step + 1));
      const rootCorrection = Math.sqrt(1 - integerPower(beta2, step + 1));
      const settings = { beta1, beta2, epsilon, rootCorrection, keep };
      const [first, second] = [firstMoment, secondMoment].map((values) =>
        partOf(values, update, from),
      );
      engine.kernels.updateAdam({ ...update, rate, weightDecay }, first, second, settings);
    },
  };
}

const partOf = (state: Float32Array, { parameters }: Update, from = 0): Float32Array =>
  state.subarray(from, from + parameters.length);

/** The names of each optimizer's state tensors. */
export const STATE_NAMES: Record<OptimizerSpec['name'], readonly string[]> = {
  sgd: [],
  momentum: ['velocity'],
  nesterov: ['velocity'],
  adam: ['firstMoment', 'secondMoment'],
  adamw: ['firstMoment', 'secondMoment'],
  rmsprop: ['squares'],
  adagrad: ['squares'],
};

/** baseⁿ in f64, by repeated squaring. `Math.pow` may differ between JavaScript engines. */
function integerPower(base: number, exponent: number): number {
  let result = 1;
  for (let square = base, n = exponent; n > 0; n = Math.floor(n / 2), square *= square) {
    if (n % 2 === 1) result *= square;
  }
  return result;
}
