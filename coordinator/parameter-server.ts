import type { Engine } from '../shared/engine/engine.ts';
import { initialParameters } from '../shared/engine/initialisation.ts';
import { trainedCount } from '../shared/engine/model-spec.ts';
import { createOptimizer, type Optimizer } from '../shared/engine/optimizers.ts';
import { learningRateAt } from '../shared/engine/schedules.ts';
import type { RunConfig } from '../shared/run-config.ts';
import type { Workload } from '../shared/workload.ts';

/** Owns the parameters and the optimizer's state: all that changes from step to step. */
export interface ParameterServer {
  /** [parameterCount]; the same buffer throughout, changed by `update` only. */
  readonly parameters: Float32Array;
  /** [parameterCount]; what rounds are computed with: the parameters, rounded to what the wire can carry. */
  readonly roundedParameters: Float32Array;
  readonly optimizer: Optimizer;
  /** Updates done so far. */
  readonly step: number;
  /**
   * One update by the root of the step's reduction tree: the gradient, summed over `exampleCount` examples, and the
   * statistics (ignored). Divides once, here. Returns the learning rate used.
   */
  update(root: Float32Array, exampleCount: number): number;
  /** Of the parameters, for the ledger; see `Kernels`. */
  fingerprint(): Uint32Array;
}

/** How much of a running average stays from one step to the next. */
const AVERAGE_KEEP = 0.9;

/** At step 0 with the initial parameters; `restore` puts saved values in their place. */
export function createParameterServer(
  engine: Engine,
  config: RunConfig,
  workload: Workload,
  restore?: {
    step: number;
    parameters: Float32Array;
    optimizerState: Readonly<Record<string, Float32Array>>;
  },
): ParameterServer {
  const parameters = engine.allocate(workload.parameterCount);
  parameters.set(restore?.parameters ?? initialParameters(config.model, config.initialisation, config.seed));
  const trained = parameters.subarray(0, trainedCount(config.model));
  const averages = parameters.subarray(trained.length);
  const optimizer = createOptimizer(engine, config.optimizer, trained.length);
  for (const [name, values] of Object.entries(restore?.optimizerState ?? {}))
    optimizer.state[name].set(values);
  let step = restore?.step ?? 0;
  const roundedParameters =
    workload.narrowParameterCount > 0 ? engine.allocate(parameters.length) : parameters;
  const round = () => {
    if (roundedParameters === parameters) return;
    roundedParameters.set(parameters);
    engine.kernels.roundToBfloat16(roundedParameters);
  };
  round();
  return {
    parameters,
    roundedParameters,
    optimizer,
    get step() {
      return step;
    },
    update(root, exampleCount) {
      const learningRate = learningRateAt(config.learningRate, step, workload.stepsPerEpoch);
      const gradientSum = root.subarray(0, trained.length);
      const update = {
        ...{ parameters: trained, gradientSum, exampleCount, rate: learningRate },
        gradientScale: clippingScale(engine, gradientSum, exampleCount, config.clipNorm),
        weightDecay: config.weightDecay,
      };
      optimizer.update(update, step);
      const averageSums = root.subarray(trained.length, parameters.length);
      engine.kernels.updateAverage(
        { ...update, parameters: averages, gradientSum: averageSums },
        AVERAGE_KEEP,
      );
      round();
      step++;
      return learningRate;
    },
    fingerprint: () => engine.kernels.fingerprint(parameters),
  };
}

/**
 * What a gradient is multiplied by so that it is no longer than `clipNorm` (R. Pascanu, T. Mikolov, Y. Bengio, "On the
 * difficulty of training recurrent neural networks", 2013).
 */
function clippingScale(
  { kernels }: Engine,
  gradientSum: Float32Array,
  exampleCount: number,
  clipNorm: number | undefined,
): number {
  if (clipNorm === undefined) return 1;
  const norm = Math.sqrt(kernels.sumOfSquares(gradientSum)) / exampleCount;
  return norm > clipNorm ? clipNorm / norm : 1;
}
