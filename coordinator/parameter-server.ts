import type { Engine } from '../shared/engine/engine.ts';
import { initialParameters } from '../shared/engine/initialisation.ts';
import { createOptimizer, type Optimizer } from '../shared/engine/optimizers.ts';
import { learningRateAt } from '../shared/engine/schedules.ts';
import type { RunConfig } from '../shared/run-config.ts';
import type { Workload } from '../shared/workload.ts';

/** Owns the parameters and the optimizer's state: all that changes from step to step. */
export interface ParameterServer {
  /** [parameterCount]; the same buffer throughout, changed by `update` only. */
  readonly parameters: Float32Array;
  readonly optimizer: Optimizer;
  /** Updates done so far. */
  readonly step: number;
  /**
   * One update by the root of the step's reduction tree: the gradient, summed over `exampleCount` examples, and the
   * statistics (ignored). Divides once, here. Returns the learning rate used.
   */
  update(root: Float32Array, exampleCount: number): number;
}

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
  const optimizer = createOptimizer(engine, config.optimizer, parameters.length);
  for (const [name, values] of Object.entries(restore?.optimizerState ?? {}))
    optimizer.state[name].set(values);
  let step = restore?.step ?? 0;
  return {
    parameters,
    optimizer,
    get step() {
      return step;
    },
    update(root, exampleCount) {
      const learningRate = learningRateAt(config.learningRate, step, workload.stepsPerEpoch);
      const gradientSum = root.subarray(0, parameters.length);
      optimizer.update({ parameters, gradientSum, exampleCount, rate: learningRate }, step);
      step++;
      return learningRate;
    },
  };
}
